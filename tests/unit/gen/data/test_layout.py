"""Images with channels first or last, npz files with other names, folders of images."""

import numpy as np
import pytest
from PIL import Image
from support.onnx_graphs import graph, node

import tospike
from tospike.gen.data.datasets import load_data
from tospike.gen.data.layout import places_of
from tospike.hw.params import InputError

RNG = np.random.default_rng(3)


@pytest.mark.parametrize(
    ("wanted", "given", "axes"),
    [
        ((3, 4, 5), (4, 5, 3), (2, 0, 1)),
        ((4, 5, 3), (3, 4, 5), (1, 2, 0)),
        ((3, 3, 3), (3, 3, 3), (0, 1, 2)),
        ((1, 4, 5), (4, 5), None),
        ((4, 5, 1), (1, 4, 5), None),
        ((20,), (4, 5), None),
        ((4, 5), (20,), None),
    ],
)
def test_channels_first_or_last(wanted, given, axes):
    places = places_of(wanted, given, "data")
    values = RNG.normal(size=given)
    expected = values.reshape(wanted) if axes is None else values.transpose(axes)
    flat = values.reshape(-1) if places is None else values.reshape(-1)[places]
    np.testing.assert_array_equal(flat, expected.reshape(-1))


@pytest.mark.parametrize(
    ("wanted", "given"), [((3, 4, 5), (4, 3, 5)), ((3, 4, 5), (5, 4, 3)), ((4, 5), (5, 4)), ((3, 4, 5), (12, 5))]
)
def test_other_shapes_are_refused(wanted, given):
    with pytest.raises(InputError, match="give them in that shape, or with the channels of images first or last"):
        places_of(wanted, given, "data")


@pytest.fixture
def network(tmp_path):
    """A convolution of an image with three channels, channels first, and another one with channels last."""
    k, v = RNG.normal(size=(4, 3, 3, 3)).astype(np.float32), RNG.normal(size=(24, 3)).astype(np.float32)
    nodes = [node("Conv", "h k", "c"), node("Flatten", "c", "f"), node("MatMul", "f v", "y")]
    first, last = tmp_path / "first.onnx", tmp_path / "last.onnx"
    same = node("Identity", "x", "h")
    first.write_bytes(graph([same, *nodes], (3, 4, 5), k=k, v=v).SerializeToString())
    turned = node("Transpose", "x", "h", perm=[0, 3, 1, 2])
    last.write_bytes(graph([turned, *nodes], (4, 5, 3), k=k, v=v).SerializeToString())
    return first, last


def test_a_network_takes_images_in_its_own_layout(network):
    x, y = RNG.normal(size=(20, 3, 4, 5)), np.zeros(20, dtype=int)
    moved = x.transpose(0, 2, 3, 1)
    loaded = [tospike.load(path, data=(data, y)) for path in network for data in (x, moved)]
    outputs = [each.evaluate().outputs for each in loaded]
    for other in outputs[1:]:
        np.testing.assert_allclose(other, outputs[0], rtol=1e-9)
    golden = [each.compile().evaluate().outputs for each in loaded]
    for other in golden[1:]:
        np.testing.assert_array_equal(other, golden[0])
    references = [each.reference(data)["y"] for each in loaded for data in (x, moved)]
    for other in references:
        np.testing.assert_allclose(other, outputs[0], rtol=1e-5, atol=1e-5)
    layouts = [each.compile().choices["input"] for each in loaded]
    assert layouts[0] == "(3, 4, 5), as in the data"
    assert layouts[1] == "(3, 4, 5), from images (4, 5, 3) whose channels are moved"


def test_an_image_of_another_shape_is_refused(network):
    with pytest.raises(InputError, match=r"arrays has samples of shape \(5, 4, 3\), but the network takes \(3, 4, 5\)"):
        tospike.load(network[0], data=(np.zeros((9, 5, 4, 3)), np.zeros(9, dtype=int))).evaluate()
    with pytest.raises(InputError, match=r"x has samples of shape \(5, 4, 3\)"):
        tospike.load(network[0]).reference(np.zeros((9, 5, 4, 3)))


def test_the_names_of_keras_and_labels_in_a_column(tmp_path):
    path = tmp_path / "d.npz"
    arrays = {"x_train": np.ones((6, 2, 2)), "y_train": np.zeros((6, 1), np.uint8)}
    np.savez(path, x_test=np.zeros((4, 2, 2)), y_test=np.arange(4)[:, None], **arrays)
    data = load_data(f"npz:{path}")
    assert (data.x.shape, data.train_x.shape, data.shape) == ((4, 4), (6, 4), (2, 2))
    assert data.y.tolist() == [0, 1, 2, 3] and data.train_y.tolist() == [0] * 6 and not data.warnings
    np.savez(path, x=np.zeros((4, 4)), x_test=np.zeros((4, 4)), y=np.zeros(4, int), y_test=np.zeros(4, int))
    with pytest.raises(InputError, match="holds both x and x_test: leave one of them out"):
        load_data(f"npz:{path}")


def images(root, names, size=(5, 4), mode="RGB"):
    for name in names:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        shape = size if mode == "L" else (*size, 3)
        Image.fromarray(RNG.integers(0, 256, shape).astype(np.uint8)).save(file)


def test_folders_of_images(tmp_path):
    images(tmp_path, ["test/dog/b.png", "test/cat/a.bmp", "test/cat/z.png", "train/ape/q.png", "train/dog/q.png"])
    (tmp_path / "test" / "cat" / "notes.txt").write_text("no image")
    data = load_data(f"images:{tmp_path}")
    assert data.y.tolist() == [1, 1, 2] and data.train_y.tolist() == [0, 2] and data.shape == (5, 4, 3)
    with Image.open(tmp_path / "test" / "dog" / "b.png") as image:
        np.testing.assert_allclose(data.x[2].reshape(5, 4, 3), np.asarray(image) / 255, rtol=1e-6)


def test_folders_of_grey_images_without_parts(tmp_path):
    images(tmp_path, [f"{label}/{n}.png" for label in "01" for n in range(4)], mode="L")
    data = load_data(f"images:{tmp_path}", every=4)
    assert data.y.tolist() == [0, 1] and len(data.train_x) == 6 and data.shape == (5, 4)
    assert len(load_data(f"images:{tmp_path}").warnings) == 1


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ((), "has no folder for each class"),
        (("a/b/c.png",), "has 0 images in its folders"),
        (("train/a/1.png",), "has a folder train but none of test"),
    ],
)
def test_folders_without_images_are_refused(tmp_path, names, message):
    images(tmp_path, names)
    with pytest.raises(InputError, match=message):
        load_data(f"images:{tmp_path}")


def test_images_that_differ_or_are_none_are_refused(tmp_path):
    images(tmp_path, ["a/1.png"])
    images(tmp_path, ["a/2.png"], size=(4, 4))
    with pytest.raises(InputError, match=r"2\.png is an image of \(4, 4, 3\), but .*1\.png of \(5, 4, 3\)"):
        load_data(f"images:{tmp_path}")
    (tmp_path / "a" / "2.png").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"2\.png is not a readable image"):
        load_data(f"images:{tmp_path}")
    with pytest.raises(InputError, match="there is no folder"):
        load_data(f"images:{tmp_path / 'no'}")
