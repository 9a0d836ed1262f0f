import unittest

from safelight import Image
from transforms import TRANSFORMS, invert


class Invert(unittest.TestCase):
    def test_colours_become_their_opposites_and_alpha_stays(self):
        params = TRANSFORMS[0].filled("{}")
        made = invert(params, Image(1, 1, "rgba8", bytes([0, 100, 255, 7])))
        self.assertEqual(list(made.pixels), [255, 155, 0, 7])

    def test_the_amount_counts(self):
        gray = Image(1, 1, "gray8", b"\0")
        self.assertEqual(invert({"amount": 0.5}, gray).pixels, bytes([128]))
        self.assertEqual(invert({"amount": 0}, gray).pixels, b"\0")


if __name__ == "__main__":
    unittest.main()
