import unittest
from types import SimpleNamespace

import safelight
from safelight import Image, Refusal
from transforms import curve


class Curve(unittest.TestCase):
    def test_the_table_is_laid_over_the_picture(self):
        image = Image(1, 1, "rgba8", bytes([0, 100, 255, 7]))
        safelight.tables = SimpleNamespace(load=lambda name: None)
        self.assertRaises(Refusal, curve, {}, image)
        safelight.tables = SimpleNamespace(load=lambda name: bytes(range(255, -1, -1)))
        self.assertEqual(list(curve({}, image).pixels), [255, 155, 0, 7])


if __name__ == "__main__":
    unittest.main()
