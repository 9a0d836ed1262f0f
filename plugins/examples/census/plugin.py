"""What `componentize-py` makes a component of: the class `Transform` exports the interface of that name."""

from safelight import export
from transforms import TRANSFORMS

Transform = export(
    name="census",
    version="0.1.0",
    license="Apache-2.0",
    summary="Counts colours.",
    transforms=TRANSFORMS,
)
