"""Pictures as attributes: colours whose place is known, files of all kinds, and files that are none."""

import io
import struct
import zlib

import numpy as np
import pytest

from credo.conditioning.image import Colours, colours, feeling_of, read_image
from credo.errors import FileError, FormatError, UsageError

Image = pytest.importorskip("PIL.Image", reason="the extra image is not installed")


def saved(path, image, **options):
    image.save(path, **options)
    return path


def plain(colour, size=(7, 5)):
    return Image.new("RGB", size, colour)


def test_what_is_counted_of_two_halves():
    pixels = np.zeros((10, 20, 3))
    pixels[:, 10:, 0] = 1
    seen = colours(pixels)
    assert seen.brightness == pytest.approx(0.2126 / 2)
    assert seen.saturation == pytest.approx(0.5)
    assert seen.edges == pytest.approx(1 / 20)
    assert seen.warmth == pytest.approx(1)


@pytest.mark.parametrize("study", ["valdez", "wilms"])
def test_bright_is_pleasant_and_saturated_is_exciting(study):
    dull, bright, saturated = (Colours(b, s, 0.1, 0.1, 0.0) for b, s in ((0.3, 0.2), (0.7, 0.2), (0.3, 0.6)))
    assert feeling_of(bright, study)[0] > feeling_of(dull, study)[0]
    assert feeling_of(saturated, study)[1] > feeling_of(dull, study)[1]
    higher = feeling_of(bright, study)[1] > feeling_of(dull, study)[1]
    assert higher == (study == "wilms")  # where the two disagree


def test_red_excites_more_than_blue_after_wilms(tmp_path):
    red, blue = (saved(tmp_path / f"{name}.png", plain(name)) for name in ("red", "blue"))
    assert read_image(red, study="wilms").attributes.arousal > read_image(blue, study="wilms").attributes.arousal


def test_a_bright_picture_is_high_and_a_busy_one_dense(tmp_path):
    noise = np.random.default_rng(3).integers(0, 256, (64, 64, 3), np.uint8)
    busy = read_image(saved(tmp_path / "busy.png", Image.fromarray(noise))).attributes
    white, black = (read_image(saved(tmp_path / f"{name}.png", plain(name))).attributes for name in ("white", "black"))
    assert busy.density > 3 > 1 > white.density
    assert white.register > black.register
    assert white.valence > 0 > black.valence


KINDS = [
    *((mode, "png") for mode in ("1", "L", "LA", "RGBA", "I;16")),
    *((mode, "tiff") for mode in ("I", "F", "CMYK")),
    *(("P", "gif"), ("CMYK", "jpg"), ("YCbCr", "jpg"), ("RGB", "webp"), ("RGB", "bmp")),
]


@pytest.mark.parametrize(("mode", "suffix"), KINDS)
@pytest.mark.parametrize("size", [(1, 1), (13, 7)])
def test_all_kinds_of_pictures(tmp_path, mode, suffix, size):
    path = saved(tmp_path / f"picture.{suffix}", Image.new(mode, size))
    assert {"valence", "arousal", "density", "register"} <= set(read_image(path).attributes.named)


def test_sixteen_bits_are_as_bright_as_eight(tmp_path):
    deep = saved(tmp_path / "deep.png", Image.fromarray(np.full((5, 7), 32768, np.uint16)))
    flat = saved(tmp_path / "flat.png", Image.new("L", (7, 5), 128))
    assert read_image(deep).attributes.register == pytest.approx(read_image(flat).attributes.register, abs=0.2)


def test_what_shines_through_is_white(tmp_path):
    clear = saved(tmp_path / "clear.png", Image.new("RGBA", (7, 5), (0, 0, 0, 0)))
    assert read_image(clear).attributes.register == 74


def test_of_an_animation_the_first_frame_is_read_and_told(tmp_path):
    path = tmp_path / "two.gif"
    plain("white").save(path, save_all=True, append_images=[plain("black")])
    reading = read_image(path)
    assert reading.attributes.register > 70
    assert "first of 2 frames" in reading.remarks[0]


def test_a_turned_photograph_is_the_same(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    noise = Image.fromarray(np.random.default_rng(3).integers(0, 256, (16, 24, 3), np.uint8))
    upright = saved(tmp_path / "a.jpg", noise)
    assert read_image(saved(tmp_path / "b.jpg", noise, exif=exif)).attributes == read_image(upright).attributes


def bomb(width, height):
    """A PNG file that claims a size."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(9))) + chunk(b"IEND", b"")


def whole():
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(3).integers(0, 256, (64, 64, 3), np.uint8)).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "empty"),
        (b"hello", "cannot be read"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "cannot be read"),
        (bomb(20_000, 6_000), "million pixels"),
        (bomb(2_000_000, 2_000_000), "million pixels"),
        (bomb(50, 50), "cannot be read"),
    ],
)
def test_what_is_no_picture_is_refused(tmp_path, content, told):
    path = tmp_path / "picture.png"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=told):
        read_image(path)


def test_pictures_cut_anywhere_are_refused_or_read(tmp_path):
    path, content = tmp_path / "cut.png", whole()
    for length in range(1, len(content) - 16, 997):
        path.write_bytes(content[:length])
        with pytest.raises(FormatError):
            read_image(path)


def test_folders_and_missing_files_are_told(tmp_path):
    with pytest.raises(FileError, match="folder"):
        read_image(tmp_path)
    with pytest.raises(FileError, match="No such file"):
        read_image(tmp_path / "none.png")
    with pytest.raises(UsageError, match="study"):
        read_image(tmp_path / "none.png", study="goethe")
