"""The transforms."""

from collections import Counter

from safelight import BYTES, Transform


#: A level to the middle of its group of sixteen.
GROUPS = bytes(level // 16 * 16 + 8 for level in range(256))


def census(params, image):
    """How many groups of colours there are, sixteen levels of red, green and blue each, and the most frequent."""
    step = BYTES[image.format]
    pixels = image.pixels.translate(GROUPS)
    # There are 4096 groups, however large the picture is.
    counts = Counter(zip(pixels[0::step], pixels[1::step], pixels[2::step]))
    total = image.width * image.height
    top = sorted(counts.items(), key=lambda each: (-each[1], each[0]))[: params["top"]]
    return {
        "colors": len(counts),
        "frequent": [{"color": "#" + bytes(color).hex(), "share": count / total} for color, count in top],
    }


TRANSFORMS = [
    Transform(
        name="census",
        summary="Counts the colours of a picture and names the most frequent.",
        kind="analyze",
        formats=["rgba8", "rgb8"],
        schema={
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "top": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": 100,
                    "default": 5,
                    "description": "How many of the most frequent colours are named.",
                }
            },
        },
        apply=census,
    )
]
