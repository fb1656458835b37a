"""`croissant.json`: the dataset described as Croissant 1.0 (mlcommons.org/croissant), for catalogs and loaders that read it."""

import json
from collections.abc import Mapping
from typing import Any

from streamcap_dagster.dataset.card_origin import licences
from streamcap_dagster.dataset.configs import CONFIGS, Config, features
from streamcap_dagster.dataset.contents import Contents
from streamcap_dagster.dataset.splits import SPLITS
from streamcap_dagster.storage import keys

CROISSANT = f"{keys.DATASET}/croissant.json"

_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_IMAGE = "sc:ImageObject"
_TYPES = {"string": "sc:Text", "float64": "sc:Float", "float32": "sc:Float", "int32": "sc:Integer", "int64": "sc:Integer", "bool": "sc:Boolean"}


def render_croissant(contents: Contents, title: str, about: str) -> bytes:
    """The same bytes for the same contents. Configs without rows are not described."""
    declared = [config for config in CONFIGS if any(contents.rows[config, split] for split in SPLITS)]
    described = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": title,
        "description": about,
        "license": licences(contents),
        "distribution": [_file_set(config, contents) for config in declared],
        "recordSet": [_record_set(config) for config in declared],
    }
    return (json.dumps(described, indent=1, ensure_ascii=False) + "\n").encode()


def _file_set(config: Config, contents: Contents) -> dict[str, Any]:
    paths = sorted(path for split in SPLITS for path in contents.files.get((config, split), ()))
    return {"@type": "cr:FileSet", "@id": f"{config}-files", "name": f"{config}-files", "encodingFormat": "application/x-parquet", "includes": paths}


def _record_set(config: Config) -> dict[str, Any]:
    fields = [_field(config, name, (), feature) for name, feature in features(config).items()]
    return {"@type": "cr:RecordSet", "@id": config, "name": config, "field": fields}


def _field(config: Config, column: str, path: tuple[str, ...], feature: Any) -> dict[str, Any]:
    """A column, or what is at a path in it, as JSONPath walks it: lists are repeated, and structs have fields of their own.

    Lists in lists are left out: Croissant 1.0 cannot tell where the inner ones end.
    """
    repeated, inner = _unlisted(feature)
    path = (*path, "[*]") if repeated else path
    name = "/".join((config, column, *(part for part in path if part != "[*]")))
    described: dict[str, Any] = {"@type": "cr:Field", "@id": name, "name": name.rsplit("/", 1)[-1]}
    if isinstance(inner, Mapping):
        parts = inner.items() if not repeated else [(part, of_part) for part, of_part in inner.items() if not _unlisted(of_part)[0]]
        described["subField"] = [_field(config, column, (*path, part), of_part) for part, of_part in parts]
    else:
        described |= {"dataType": _data_type(inner), "source": _source(config, column, (*path, "bytes") if _data_type(inner) == _IMAGE else path)}
    return described | ({"repeated": True} if "[*]" in path else {})


def _source(config: Config, column: str, path: tuple[str, ...]) -> dict[str, Any]:
    source: dict[str, Any] = {"fileSet": {"@id": f"{config}-files"}, "extract": {"column": column}}
    return source | {"transform": {"jsonPath": ".".join(path)}} if path and path != ("[*]",) else source


def _unlisted(feature: Any) -> tuple[bool, Any]:
    from datasets import List

    return (True, feature.feature) if isinstance(feature, List) else (False, feature)


def _data_type(feature: Any) -> str:
    from datasets import Image

    return _IMAGE if isinstance(feature, Image) else _TYPES[feature.dtype]
