"""What every asset of a video would be made from now, worked out for many videos: what is the same for all of them is asked once."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial

from streamcap_dagster.assets.walk import SOURCE
from streamcap_dagster.assets.work import PerVideoAsset, VideoWork, Workshop
from streamcap_dagster.records import Video
from streamcap_dagster.storage.receipt_text import Vouched
from streamcap_dagster.storage.receipts import FingerprintForm


class Wanted:
    """The fingerprints of these assets under the workshop's settings, the same as `walk.fingerprint_of` gives."""

    def __init__(self, assets: Sequence[PerVideoAsset], workshop: Workshop) -> None:
        self.assets = {asset.name: asset for asset in assets}
        self.made_of_the_file = tuple(asset.name for asset in assets if SOURCE in asset.deps)
        self.workshop = workshop
        self._versions = {asset.name: asset.code_version(workshop.settings) for asset in assets}
        self._decided = {asset.name: asset.decided_by(workshop.settings) for asset in assets}
        self._beside = {asset.name: found for asset in assets if (found := asset.found_beside(workshop))}
        self._forms: dict[str, FingerprintForm] = {}

    def of(self, asset: PerVideoAsset, video: Video, receipts: Mapping[str, Vouched]) -> str | None:
        """The fingerprint of an asset of a video; None when something that it is made from does not exist."""
        return self.of_video(video, receipts)(asset)

    def of_video(self, video: Video, receipts: Mapping[str, Vouched]) -> Callable[[PerVideoAsset], str | None]:
        """`of` for whoever asks of one asset of a video after the other."""
        contents = {name: receipt.content_hash for name, receipt in receipts.items()}
        contents[SOURCE] = video.content
        return partial(self._filled, video, contents)

    def _filled(self, video: Video, contents: Mapping[str, str], asset: PerVideoAsset) -> str | None:
        is_special = self.is_special(asset, video.video_id)
        form = None if is_special else self._forms.get(asset.name)
        if form is None:
            form = self._form(asset, video)
            if not is_special:
                self._forms[asset.name] = form
        try:
            return form.filled([contents[dep] for dep in form.names])
        except KeyError:
            return None

    def _form(self, asset: PerVideoAsset, video: Video) -> FingerprintForm:
        return FingerprintForm(self._versions[asset.name], asset.deps, asset.also_from(VideoWork(video, self.workshop)))

    def is_special(self, asset: PerVideoAsset, video_id: str) -> bool:
        """Whether an asset of this video is made from something that it is not made from of every other."""
        return bool(self._decided[asset.name]) or video_id in self._beside.get(asset.name, ())

    @cached_property
    def beside(self) -> Mapping[str, str]:
        """By video, the version of all that is kept for it alone and goes into a fingerprint."""
        versions: dict[str, str] = {}
        for name, found in self._beside.items():
            for video_id, version in found.items():
                versions[video_id] = f"{versions.get(video_id, '')} {name} {version}"
        return versions

    @cached_property
    def digest(self) -> str:
        """Of all that these fingerprints depend on but the videos, their receipts and what is kept for single ones."""
        nobody = VideoWork(Video(video_id="nobody", uri="", sha256="", size_bytes=0, status="ok"), self.workshop)
        facts = [[name, asset.deps, self._versions[name], self._decided[name] or asset.also_from(nobody)] for name, asset in self.assets.items()]
        return hashlib.sha256(json.dumps([facts, *Video.model_fields]).encode()).hexdigest()
