"""What stands between your transforms and the world `safelight:plugin/transformer`. You need not change it."""

import json
from dataclasses import dataclass, field
from typing import Callable

try:
    # What was granted of the plugin's needs: `fonts.load("NotoSans")`, `tables.names()`.
    from wit_world.imports import fonts, models, tables
except ImportError:
    # In a test of the transforms, which may put something in their places.
    fonts = models = tables = None

#: Bytes of a pixel: gray8 is luma, rgb8 red, green and blue, rgba8 also alpha (straight, 255 is opaque).
BYTES = {"gray8": 1, "rgb8": 3, "rgba8": 4}


class Refusal(Exception):
    """Refuses a call. `field` names the parameter, or is empty; the message says what came and what was expected,
    as in "is -3, expected a number from 0 to 250"."""

    def __init__(self, field: str, message: str):
        super().__init__(message)
        self.field, self.message = field, message


@dataclass
class Image:
    """Rows from the top, pixels from the left, nothing between them."""

    width: int
    height: int
    #: "gray8", "rgb8" or "rgba8".
    format: str
    pixels: bytes


@dataclass
class Transform:
    """A named transform. `apply(params, image)` gives an `Image`, or for the kind "analyze" what `json.dumps` takes.
    `plan(params, width, height)` gives the size of the result; without it that is the input's."""

    name: str
    summary: str
    schema: dict
    apply: Callable
    plan: Callable | None = None
    kind: str = "filter"
    formats: list = field(default_factory=lambda: ["rgba8", "rgb8", "gray8"])

    def filled(self, text: str) -> dict:
        """The parameters with the schema's defaults."""
        properties = self.schema.get("properties", {})
        params = {name: each["default"] for name, each in properties.items() if "default" in each}
        return {**params, **json.loads(text)}


@dataclass
class Need:
    """A file of the host that the plugin asks the operator for. `summary` tells him what for; without an `optional` one
    the plugin is of use."""

    #: "font", "table" or "model".
    kind: str
    #: "*" asks for all of the kind.
    name: str
    summary: str
    optional: bool = False


def export(name, version, license, summary, transforms, needs=()):
    """The class that the toolchain looks for, under the name `Transform`."""
    # Both are there when a component is made, and not in a test of the transforms.
    from componentize_py_types import Err
    from wit_world.imports import types

    formats = {"gray8": types.PixelFormat.GRAY8, "rgb8": types.PixelFormat.RGB8, "rgba8": types.PixelFormat.RGBA8}
    names = {value: name for name, value in formats.items()}

    def find(wanted, index):
        for transform in transforms:
            if transform.name == wanted:
                return transform
        raise Err(types.Error(index, types.Reason_UnknownTransform()))

    def guarded(index, work, *arguments):
        try:
            return work(*arguments)
        except Refusal as refusal:
            reason = types.Reason_InvalidParams(types.InvalidParams(refusal.field, refusal.message))
            raise Err(types.Error(index, reason)) from None

    class Plugin:
        def describe(self):
            offered = [
                types.TransformInfo(
                    each.name,
                    types.Kind[each.kind.upper()],
                    each.summary,
                    json.dumps(each.schema),
                    [formats[format] for format in each.formats],
                )
                for each in transforms
            ]
            asked = [
                types.Need(types.AssetKind[each.kind.upper()], each.name, each.optional, each.summary) for each in needs
            ]
            return types.Manifest(name, version, license, summary, offered, asked)

        def plan(self, call, input):
            transform = find(call.transform, 0)
            size = (input.width, input.height)
            if transform.plan:
                size = guarded(0, transform.plan, transform.filled(call.params), *size)
            return types.Planned(types.Size(*size), None, None)

        def arrange(self, call, timeline):
            raise Err(types.Error(0, types.Reason_Other(f"{call.transform} arranges no frames")))

        def apply(self, calls, input, view):
            image = input and Image(input.width, input.height, names[input.format], input.pixels)
            made, data = False, []
            for index, call in enumerate(calls):
                transform = find(call.transform, index)
                result = guarded(index, transform.apply, transform.filled(call.params), image)
                if transform.kind == "analyze":
                    data.append(json.dumps(result))
                else:
                    image, made = result, True
                    data.append(None)
            if not made:
                return types.Outcome(None, data)
            picture = types.Image(image.width, image.height, formats[image.format], bytes(image.pixels))
            return types.Outcome(picture, data)

    return Plugin
