import safelight
from safelight import Image, Refusal, Transform


def curve(params, image):
    """Every value of gray, red, green and blue by the operator's table of 256 values."""
    table = safelight.tables.load("curve")
    if table is None or len(table) != 256:
        raise Refusal("", "the table curve has no 256 values")
    made = bytearray(image.pixels.translate(bytes(table)))
    if image.format == "rgba8":
        made[3::4] = image.pixels[3::4]
    return Image(image.width, image.height, image.format, bytes(made))


TRANSFORMS = [
    Transform(
        name="curve",
        summary="Lays the operator's curve over a picture.",
        schema={"type": "object", "additionalProperties": False},
        apply=curve,
    )
]
