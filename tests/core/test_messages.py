"""Messages are checked and made alike when they are built, so that adapters need not."""

from __future__ import annotations

import pytest

from streamkit.messages import DocumentPart, ImagePart, MediaPart

PARTS = (ImagePart, DocumentPart, MediaPart)


@pytest.mark.parametrize("kind", PARTS)
def test_a_data_url_is_embedded_data(kind: type[ImagePart]) -> None:
    part = kind(url="data:text/plain;charset=utf-8;base64,SGk=")
    assert (part.url, part.data, part.media_type) == (None, "SGk=", "text/plain")
    assert part == kind(data="SGk=", media_type="text/plain")
    assert part.data_url == "data:text/plain;base64,SGk="
    assert kind.model_validate(part.model_dump()) == part


@pytest.mark.parametrize("url", ["data:text/plain,Hi", "https://example.com/a;base64,b"])
def test_any_other_url_stays_as_it_is(url: str) -> None:
    assert ImagePart(url=url).data_url == url


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"url": "data:image/png;base64,AA==", "data": "AA==", "media_type": "image/png"},
        {"url": "https://example.com/a.png", "file_id": "f"},
        {"url": "data:;base64,AA=="},
    ],
)
def test_a_part_has_one_source_of_a_known_type(fields: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"give exactly one|needs a media_type"):
        ImagePart(**fields)
