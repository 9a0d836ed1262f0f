import unittest

from safelight import Image
from transforms import census


class Census(unittest.TestCase):
    def test_colours_are_counted(self):
        image = Image(2, 2, "rgb8", bytes([255, 0, 0] * 3 + [0, 0, 255]))
        found = census({"top": 1}, image)
        self.assertEqual(found, {"colors": 2, "frequent": [{"color": "#f80808", "share": 0.75}]})


if __name__ == "__main__":
    unittest.main()
