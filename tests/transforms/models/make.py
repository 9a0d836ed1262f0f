"""Makes the tiny networks of this folder: `python make.py FOLDER`.

Both see red, green and blue squares in a picture of 64 x 64: the score of a class is how much its colour stands out
from the others in a cell of 8 x 8 pixels, and each cell has a box of 12 x 12 around its middle.

squares_yolo  floats, a plane a channel; one output of 4 + 3 rows, as YOLOv8 has it
squares_ssd   bytes, channels side by side; boxes, scores and classes, as TensorFlow's SSD has it
"""

import sys
from pathlib import Path

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

SIDE, CELL, BOX = 64, 8, 12
middles = np.arange(CELL / 2, SIDE, CELL, dtype=np.float32)
y, x = (grid.ravel() for grid in np.meshgrid(middles, middles, indexing="ij"))
half = np.full_like(x, BOX / 2)

stand_out = np.full((3, 3), -0.5, np.float32)
np.fill_diagonal(stand_out, 1)
shared = [
    numpy_helper.from_array(stand_out.reshape(3, 3, 1, 1), "stand_out"),
    numpy_helper.from_array(np.float32(0), "zero"),
    numpy_helper.from_array(np.float32(1), "one"),
    numpy_helper.from_array(np.array([1, 3, -1], np.int64), "rows"),
]


def scores(picture):
    return [
        helper.make_node("AveragePool", [picture], ["means"], kernel_shape=[CELL, CELL], strides=[CELL, CELL]),
        helper.make_node("Conv", ["means", "stand_out"], ["raw"], kernel_shape=[1, 1], strides=[1, 1]),
        helper.make_node("Clip", ["raw", "zero", "one"], ["clipped"]),
        helper.make_node("Reshape", ["clipped", "rows"], ["scores_by_class"]),
    ]


def write(folder, name, nodes, inputs, outputs, constants):
    graph = helper.make_graph(nodes, name, inputs, outputs, shared + constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model, full_check=True)
    save(model, folder / f"{name}.onnx")


def value(name, kind, *shape):
    return helper.make_tensor_value_info(name, kind, shape)


def main(folder):
    cells = len(x)
    write(
        folder,
        "squares_yolo",
        scores("images") + [helper.make_node("Concat", ["boxes", "scores_by_class"], ["output0"], axis=1)],
        [value("images", TensorProto.FLOAT, 1, 3, SIDE, SIDE)],
        [value("output0", TensorProto.FLOAT, 1, 7, cells)],
        [numpy_helper.from_array(np.stack([x, y, 2 * half, 2 * half])[None], "boxes")],
    )
    corners = np.stack([y - half, x - half, y + half, x + half], axis=1)[None] / SIDE
    write(
        folder,
        "squares_ssd",
        [
            helper.make_node("Cast", ["image_tensor"], ["floats"], to=TensorProto.FLOAT),
            helper.make_node("Div", ["floats", "levels"], ["shares"]),
            helper.make_node("Transpose", ["shares"], ["planes"], perm=[0, 3, 1, 2]),
        ]
        + scores("planes")
        + [
            helper.make_node("ReduceMax", ["scores_by_class"], ["detection_scores"], axes=[1], keepdims=0),
            helper.make_node("ArgMax", ["scores_by_class"], ["best"], axis=1, keepdims=0),
            helper.make_node("Cast", ["best"], ["detection_classes"], to=TensorProto.FLOAT),
            helper.make_node("Identity", ["corners"], ["detection_boxes"]),
        ],
        [value("image_tensor", TensorProto.UINT8, 1, SIDE, SIDE, 3)],
        [
            value("detection_boxes", TensorProto.FLOAT, 1, cells, 4),
            value("detection_scores", TensorProto.FLOAT, 1, cells),
            value("detection_classes", TensorProto.FLOAT, 1, cells),
        ],
        [
            numpy_helper.from_array(corners, "corners"),
            numpy_helper.from_array(np.float32(255), "levels"),
        ],
    )


main(Path(sys.argv[1]))
