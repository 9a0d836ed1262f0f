from safelight import Need, export
from transforms import TRANSFORMS

Transform = export(
    name="curve",
    version="1.0.0",
    license="Apache-2.0",
    summary="Curves.",
    transforms=TRANSFORMS,
    needs=[Need("table", "curve", "The curve.")],
)
