"""What goes wrong with one video outside the making of its assets stops only that video."""

from pathlib import Path

from streamcap_dagster.assets.work import VideoWork
from streamcap_dagster.storage.folder import FolderStorage
from tests.assets.walking import asset, video, walk, workshop


def test_a_fault_in_the_look_before_a_turn_stops_only_its_video(tmp_path: Path) -> None:
    shop = workshop(FolderStorage(tmp_path))
    cat, dog = video("cat"), video("dog")
    walk([asset("frames")], shop, [cat, dog])

    def fault(work: VideoWork) -> dict[str, str]:
        return {"share": str(1 / (work.video_id == "dog"))}

    walked = walk([asset("frames", also_from=fault)], shop, [cat, dog])

    assert [failure.video_id for failure in walked.failures] == ["cat"]
    assert "ZeroDivisionError" in walked.failures[0].reason
    assert walked.finished == [("dog", "frames")]
