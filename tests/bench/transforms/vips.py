"""Times libvips: one expression a line of standard input, {"raw": path, "width": w, "height": h, "expr": ..., "repeat": n}.

An expression makes an image of `im` (8-bit sRGB in memory) and `other` (an RGBA picture of 400 x 300). The answer is
a line with the mean CPU time of the process in ms, all threads together, from `im` to pixels in memory.
"""

import json
import math  # for the expressions
import sys
import time

import pyvips

# An operation's result is never taken from before.
pyvips.cache_set_max(0)


def matrix(rows, scale=1):
    return pyvips.Image.new_from_array(rows, scale=scale)


other = (pyvips.Image.black(400, 300, bands=3) + [200, 90, 40]).cast("uchar").copy(interpretation="srgb")
other = other.bandjoin(pyvips.Image.gaussmat(60, 0.01, separable=False).resize(2).crop(0, 0, 300, 300)
                       .embed(50, 0, 400, 300).linear(12, 0, uchar=True)).copy_memory()
loaded = {}
for line in sys.stdin:
    task = json.loads(line)
    w, h = task["width"], task["height"]
    if task["raw"] not in loaded:
        with open(task["raw"], "rb") as file:
            picture = pyvips.Image.new_from_memory(file.read(), w, h, 3, "uchar")
        loaded = {task["raw"]: picture.copy(interpretation="srgb").copy_memory()}
    im = loaded[task["raw"]]
    began = time.process_time()
    for _ in range(task["repeat"]):
        eval(task["expr"]).write_to_memory()
    print((time.process_time() - began) * 1000 / task["repeat"], flush=True)
