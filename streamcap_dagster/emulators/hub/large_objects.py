"""Large objects by the Git LFS batch protocol: what is there needs no upload; what is sent is checked against its size and hash."""

import hashlib
import hmac

from streamcap_dagster.emulators.hub import refusals
from streamcap_dagster.emulators.hub.answers import Answer, in_json
from streamcap_dagster.emulators.hub.bodies import objects_of, read_json, sha256_of, size_of
from streamcap_dagster.emulators.hub.calls import Call
from streamcap_dagster.emulators.hub.refusals import Refusal, invalid
from streamcap_dagster.emulators.hub.repositories import Repository

_LFS = "application/vnd.git-lfs+json"
_BATCH = 256
_SIGNED_WITH = b"the service alone knows this"


def batch(call: Call, body: bytes, repository: Repository) -> Answer:
    """Where to send each object that is not there yet."""
    if _LFS not in call.header(b"accept"):
        raise Refusal(406, f"Accept must be {_LFS}")
    asked = read_json(call, body, _LFS)
    transfers = asked.get("transfers")
    if asked.get("operation") != "upload" or asked.get("hash_algo") != "sha256" or not isinstance(transfers, list) or "basic" not in transfers:
        raise invalid("Only uploads by the basic transfer of objects with a SHA-256 are served")
    objects = objects_of(asked, "objects")
    if len(objects) > _BATCH:
        raise refusals.too_large()
    told = []
    for one in objects:
        oid, size = sha256_of(one), size_of(one)
        if size == 0:
            raise invalid("An empty file cannot be a large object")
        known = oid in repository.objects
        told.append({"oid": oid, "size": size, **({} if known else {"actions": _actions(call, repository.repo, oid, size)})})
    return in_json({"transfer": "basic", "objects": told}, media_type=_LFS.encode())


def put(call: Call, body: bytes, repository: Repository) -> Answer:
    """Take an object at the address that was given for it. The address is the permission: whoever sends a token along gives it away."""
    if b"authorization" in call.headers:
        raise invalid("Only one auth mechanism allowed")
    size = int(call.param("size", "-1"))
    if not hmac.compare_digest(call.param("signature"), _signature(repository.repo, call.path, size)):
        raise Refusal(403, "SignatureDoesNotMatch")
    if len(body) != size:
        raise invalid(f"{len(body)} bytes came, where {size} were announced")
    if hashlib.sha256(body).hexdigest() != call.path:
        raise invalid("The bytes have another SHA-256 than was announced")
    repository.keep(body)
    return Answer(headers=[(b"etag", b'"%s"' % call.path.encode())])


def verify(call: Call, body: bytes, repository: Repository) -> Answer:
    asked = read_json(call, body)
    data = repository.objects.get(sha256_of(asked))
    if data is None:
        raise refusals.no_entry(sha256_of(asked))
    if len(data) != size_of(asked):
        raise invalid("The object has another size")
    return in_json({})


def _actions(call: Call, repo: str, oid: str, size: int) -> dict[str, dict[str, str]]:
    upload = f"{call.url}/lfs/{repo}/{oid}?size={size}&signature={_signature(repo, oid, size)}"
    return {"upload": {"href": upload}, "verify": {"href": f"{call.url}/datasets/{repo}.git/info/lfs/objects/verify"}}


def _signature(repo: str, oid: str, size: int) -> str:
    return hmac.digest(_SIGNED_WITH, f"{repo} {oid} {size}".encode(), "sha256").hex()
