"""What a reply holds besides the answer, as the real SDK reads it."""

import pytest
from google.genai import types

from streamcap_dagster.emulators.gemini.options import Options
from streamcap_dagster.emulators.gemini.server import Running, running
from tests.emulators.gemini.asking import MODEL, NONCE, ask, developer, jpeg, said, vertex


def usage(reply: types.GenerateContentResponse) -> types.GenerateContentResponseUsageMetadata:
    assert reply.usage_metadata is not None
    return reply.usage_metadata


def details(reply: types.GenerateContentResponse) -> dict[str, int | None]:
    return {str(one.modality.value): one.token_count for one in usage(reply).prompt_tokens_details or () if one.modality}


def test_the_nonce_comes_back(emulator: Running) -> None:
    assert said(ask(developer(emulator.url), [jpeg()]))["nonce"] == NONCE


@pytest.mark.parametrize(
    ("resolution", "tokens"), [("MEDIA_RESOLUTION_LOW", 280), ("MEDIA_RESOLUTION_MEDIUM", 560), ("MEDIA_RESOLUTION_HIGH", 1120), (None, 1120)]
)
def test_pictures_are_billed_by_resolution(emulator: Running, resolution: str | None, tokens: int) -> None:
    assert details(ask(developer(emulator.url), [jpeg(), jpeg()], media_resolution=resolution))["IMAGE"] == 2 * tokens


def test_a_part_can_have_a_resolution_of_its_own(emulator: Running) -> None:
    part = types.Part.from_bytes(data=jpeg(), mime_type="image/jpeg", media_resolution=types.PartMediaResolutionLevel.MEDIA_RESOLUTION_ULTRA_HIGH)
    client = developer(emulator.url)
    reply = client.models.generate_content(model=MODEL, contents=[part])

    assert details(reply) == {"IMAGE": 2240}


def test_text_is_four_characters_to_a_token_and_all_adds_up(emulator: Running) -> None:
    reply = ask(developer(emulator.url), [jpeg()], prompt="x" * 41, system_instruction="y" * 9)

    closing = f'Put "nonce": "{NONCE}" into the JSON object, copied exactly.'
    assert details(reply)["TEXT"] == 11 + 3 + -(-len(closing) // 4)
    assert usage(reply).candidates_token_count == -(-len(reply.text or "") // 4)
    assert usage(reply).total_token_count == (usage(reply).prompt_token_count or 0) + (usage(reply).candidates_token_count or 0)


def test_without_pictures_no_image_tokens_are_told(emulator: Running) -> None:
    assert "IMAGE" not in details(ask(developer(emulator.url)))


def test_nothing_is_thought_at_the_least_level_and_something_above_it(emulator: Running) -> None:
    low = types.ThinkingConfig(thinking_level=types.ThinkingLevel.LOW)

    assert usage(ask(developer(emulator.url), [jpeg()])).thoughts_token_count is None
    assert (usage(ask(developer(emulator.url), [jpeg()], thinking_config=low)).thoughts_token_count or 0) > 0


def test_thoughts_use_up_the_room_for_the_answer(emulator: Running) -> None:
    high = types.ThinkingConfig(thinking_level=types.ThinkingLevel.HIGH)
    reply = ask(developer(emulator.url), [jpeg()], thinking_config=high, max_output_tokens=512)

    assert reply.candidates is not None
    assert (reply.candidates[0].finish_reason, reply.text) == (types.FinishReason.MAX_TOKENS, None)


def test_the_tier_is_told_in_a_header(emulator: Running) -> None:
    for tier in ("flex", "standard"):
        reply = ask(developer(emulator.url), [jpeg()], service_tier=tier)
        assert reply.sdk_http_response is not None
        assert (reply.sdk_http_response.headers or {})["x-gemini-service-tier"] == tier


def test_each_reply_names_its_model_and_has_an_id_of_its_own(emulator: Running) -> None:
    replies = [ask(developer(emulator.url), [jpeg()]) for _ in range(2)]

    assert {reply.model_version for reply in replies} == {MODEL}
    assert len({reply.response_id for reply in replies}) == 2


def test_vertex_tells_the_traffic(emulator: Running) -> None:
    assert usage(ask(vertex(emulator.url), [jpeg()])).traffic_type == types.TrafficType.ON_DEMAND


def test_an_answer_longer_than_its_room_breaks_off(emulator: Running) -> None:
    reply = ask(developer(emulator.url), [jpeg()], max_output_tokens=5)

    assert reply.candidates is not None
    assert reply.candidates[0].finish_reason == types.FinishReason.MAX_TOKENS
    assert len(reply.text or "") == 20


def test_two_emulators_of_one_seed_say_the_same() -> None:
    replies = []
    for _ in range(2):
        with running(Options(seed=5)) as emulator:
            reply = ask(developer(emulator.url), [jpeg("navy")])
            replies.append((reply.text, reply.response_id, reply.usage_metadata))

    assert replies[0] == replies[1]
