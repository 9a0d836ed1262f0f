"""The transforms."""

from safelight import BYTES, Image, Transform


def invert(params, image):
    """Turns colours into their opposites, as far as `amount` says; alpha stays."""
    amount = params["amount"]
    # Halves are rounded up.
    table = bytes(int(value + (255 - 2 * value) * amount + 0.5) for value in range(256))
    step = BYTES[image.format]
    if image.format != "rgba8":
        return Image(image.width, image.height, image.format, image.pixels.translate(table))
    made = bytearray(image.pixels.translate(table))
    made[3::step] = image.pixels[3::step]
    return Image(image.width, image.height, image.format, bytes(made))


TRANSFORMS = [
    Transform(
        name="{{transform}}",
        summary="Turns colours into their opposites.",
        schema={
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "amount": {
                    "type": "number",
                    "minimum": 0,
                    "maximum": 1,
                    "default": 1,
                    "description": "0 leaves the picture as it is, 1 gives the opposite of every colour.",
                }
            },
        },
        apply=invert,
    )
]
