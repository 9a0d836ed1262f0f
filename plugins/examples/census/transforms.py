"""The transforms."""

from collections import Counter

from safelight import BYTES, Transform


def census(params, image):
    """How many colours there are, and which are the most frequent."""
    step = BYTES[image.format]
    pixels = image.pixels
    counts = Counter(pixels[at : at + step] for at in range(0, len(pixels), step))
    total = image.width * image.height
    top = counts.most_common(params["top"])
    return {
        "colors": len(counts),
        "frequent": [{"color": "#" + color.hex(), "share": count / total} for color, count in top],
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
