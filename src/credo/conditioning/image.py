"""A picture to attributes: what its colours and edges say of music.

Valence and arousal are lines in brightness and saturation, after one of two studies that disagree on what brightness
does to arousal:

* `valdez`: P. Valdez and A. Mehrabian, "Effects of Color on Emotions", Journal of Experimental Psychology: General
  123(4), 1994: pleasure = .69 B + .22 S, arousal = -.31 B + .60 S.
* `wilms`: L. Wilms and D. Oberfeld, "Color and emotion: effects of hue, saturation, and brightness", Psychological
  Research 82, 2018: bright and saturated colours are more exciting and more pleasant, and red is more exciting than
  green, and green than blue. The weights are ours.

B is luminance and S saturation as the largest minus the smallest of red, green and blue, as J. Machajdik and
A. Hanbury take them ("Affective Image Classification", ACM Multimedia 2010), both counted from the middle of ordinary
pictures. Edges make notes dense, brightness makes them high, contrast makes them loud: mappings that sonification uses,
with numbers of ours. No part of this was checked against people's ratings of pictures.
"""

from __future__ import annotations

import struct
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from credo.conditioning.attributes import Attributes, Reading, Reason
from credo.errors import FileError, FormatError, MissingExtraError, UsageError

STUDIES: tuple[str, ...] = ("valdez", "wilms")
#: The most pixels that are decoded, the most bytes of a file, and the longer side that colours are counted on.
MOST_PIXELS, MOST_BYTES, SIDE = 100_000_000, 400_000_000, 256
#: Formats that Pillow reads by itself; others would start programs.
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "ICO", "TGA", "AVIF")
#: Middle and spread of luminance and saturation in ordinary pictures, both 0..1.
_BRIGHTNESS, _SATURATION = (0.45, 0.22), (0.25, 0.2)
#: A step of luminance from pixel to pixel that is an edge, and the share of such pixels in a busy picture.
_EDGE, _BUSY = 0.08, 0.35
_BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    TypeError,
    LookupError,
    ArithmeticError,
    struct.error,
    zlib.error,
)


@dataclass(frozen=True, slots=True)
class Colours:
    """What is counted in a picture.

    Attributes:
        brightness: mean luminance, 0 (black) to 1 (white).
        saturation: mean difference of the largest and the smallest of red, green and blue, 0..1.
        contrast: standard deviation of the luminance, 0..0.5.
        edges: share of pixels at an edge, 0..1.
        warmth: mean of the hue's cosine from red, each pixel as much as it is saturated; 1 red, -1 cyan, 0 grey.
    """

    brightness: float
    saturation: float
    contrast: float
    edges: float
    warmth: float


def read_image(path: Path | str, *, study: str = "valdez") -> Reading:
    """Read a picture as attributes: valence, arousal, density, register and loudness.

    Args:
        path: a file of one of `FORMATS`; of an animation the first frame is read.
        study: whose weights make valence and arousal, see above.

    Raises:
        UsageError: there is no such study.
        FileError: the file cannot be read.
        FormatError: it is no picture, a broken one, or one of too many pixels.
        MissingExtraError: Pillow is not installed.
    """
    if study not in STUDIES:
        raise UsageError(f"study: expected {' or '.join(STUDIES)}, got {study!r}")
    pixels, remarks = _pixels(Path(path))
    seen = colours(pixels)
    valence, arousal = feeling_of(seen, study)
    told = f"brightness {seen.brightness:.2f}, saturation {seen.saturation:.2f}"
    felt = f"{told}, warmth {seen.warmth:+.2f}" if study == "wilms" else told
    found = {
        "density": (round(0.5 * 8 ** min(1.0, seen.edges / _BUSY), 2), f"edges in {seen.edges:.0%} of the picture"),
        "register": (round(48 + 26 * seen.brightness, 1), f"brightness {seen.brightness:.2f}"),
        "loudness": (round(60 + 40 * min(1.0, seen.contrast / 0.3), 1), f"contrast {seen.contrast:.2f}"),
        "valence": (valence, f"{felt} ({study})"),
        "arousal": (arousal, f"{felt} ({study})"),
    }
    reasons = tuple(Reason(name, f"{value:g}", because) for name, (value, because) in found.items())
    return Reading(Attributes(**{name: value for name, (value, _) in found.items()}), reasons, remarks)


def colours(pixels: np.ndarray) -> Colours:
    """Count a picture.

    Args:
        pixels: red, green and blue, shape (height, width, 3), 0..1.
    """
    light = pixels @ np.array([0.2126, 0.7152, 0.0722])
    saturation = pixels.max(axis=2) - pixels.min(axis=2)
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    along, across = red - (green + blue) / 2, np.sqrt(3) / 2 * (green - blue)
    reach = np.hypot(along, across)
    cosine = np.divide(along, reach, out=np.zeros_like(reach), where=reach > 1e-6)
    steps = np.hypot(np.diff(light, axis=0, append=light[-1:]), np.diff(light, axis=1, append=light[:, -1:]))
    total = saturation.sum()
    return Colours(
        brightness=float(light.mean()),
        saturation=float(saturation.mean()),
        contrast=float(light.std()),
        edges=float((steps > _EDGE).mean()),
        warmth=float((cosine * saturation).sum() / total) if total > 1e-6 else 0.0,
    )


def feeling_of(seen: Colours, study: str = "valdez") -> tuple[float, float]:
    """Valence and arousal of colours, -1..1 each."""
    bright = (seen.brightness - _BRIGHTNESS[0]) / _BRIGHTNESS[1]
    saturated = (seen.saturation - _SATURATION[0]) / _SATURATION[1]
    if study == "valdez":
        places = 0.69 * bright + 0.22 * saturated, -0.31 * bright + 0.60 * saturated
    else:
        red = seen.warmth * min(1.0, seen.saturation / _SATURATION[0])
        places = 0.45 * bright + 0.45 * saturated, 0.25 * bright + 0.5 * saturated + 0.4 * red
    valence, arousal = (round(float(np.tanh(place / 1.5)), 3) for place in places)
    return valence, arousal


def _pixels(path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    """A small copy of the picture, shape (height, width, 3), 0..1, and remarks."""
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingExtraError("reading pictures", "image") from error
    _check(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of size, which is checked here, and of odd metadata
        try:
            with Image.open(path, formats=FORMATS) as image:
                width, height = image.size
                if width * height > MOST_PIXELS:
                    raise _too_large(path, f"{width} x {height}")
                frames = getattr(image, "n_frames", 1)
                image.draft("RGB", (2 * SIDE, 2 * SIDE))  # JPEG files are decoded smaller
                image.load()
                pixels = _plain(image, Image)
        except FileError:
            raise
        except Image.DecompressionBombError as error:
            raise _too_large(path, "more") from error
        except _BROKEN as error:
            raise FormatError(
                path,
                f"expected a picture that is whole, got one that cannot be read: {' '.join(str(error).split())[:120]}",
                hint=f"one of {', '.join(FORMATS)}",
            ) from error
    return pixels, (f"{path.name}: the first of {frames} frames was read",) if frames > 1 else ()


def _check(path: Path) -> None:
    """Refuse what is no picture before anything is decoded."""
    try:
        if path.is_dir():
            raise FileError(path, "expected a picture, got a folder")
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(2048)
    except FileError:
        raise
    except (OSError, ValueError) as error:
        raise FileError(path, getattr(error, "strerror", None) or str(error)) from error
    if not size:
        raise FormatError(path, "expected a picture, got an empty file")
    if size > MOST_BYTES:
        raise FormatError(path, f"expected at most {MOST_BYTES // 1_000_000} MB, got {size // 1_000_000}")
    if b"<svg" in head.lower():
        raise FormatError(path, "expected pixels, got an SVG drawing", hint="save it as PNG")


def _plain(image: Any, library: Any) -> np.ndarray:
    """Red, green and blue, 0..1, of any kind of picture; what shines through is white."""
    if image.mode.startswith(("I", "F")):
        image.thumbnail((4 * SIDE, 4 * SIDE), library.Resampling.NEAREST)
        deep = np.nan_to_num(np.asarray(image, np.float64), posinf=0.0, neginf=0.0)
        low = min(float(deep.min()), 0.0)
        top = max(float(deep.max()), 1.0)
        top = 65535.0 if image.mode.startswith("I") and top <= 65535 else top
        image = library.fromarray(np.rint((deep - low) / (top - low) * 255).astype(np.uint8), "L")
    elif "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        image.thumbnail((4 * SIDE, 4 * SIDE))
        image = library.alpha_composite(library.new("RGBA", image.size, "white"), image)
    image = image.convert("RGB")
    image.thumbnail((SIDE, SIDE))
    return np.asarray(image, np.float64) / 255


def _too_large(path: Path, size: str) -> FormatError:
    return FormatError(
        path, f"expected at most {MOST_PIXELS // 1_000_000} million pixels, got {size}", hint="make it smaller"
    )
