# SPDX-License-Identifier: MIT
"""The first digits of the training set that a run was made with."""

from peer import PeerError, images

from . import style

ROWS, COLUMNS = 4, 10


def dirs_of(run):
    """Where the images may be: as the run found them, and where bench would look for some now."""
    source = run.fact("dataset", "source")
    if source:
        yield str(source)
    try:
        yield images.dir_of(None)
    except PeerError:
        pass


def first_digits(run):
    """(pixels, label) of the first training images. None if they are not there any more, or were generated."""
    sums = run.fact("dataset", "sha256")
    for directory in dirs_of(run) if isinstance(sums, dict) else ():
        try:
            split, shape, found = images.read_split(directory, images.PARTS[:2])
        except PeerError:
            continue
        if found == (sums.get("train_images"), sums.get("train_labels")):
            return [(split.images[i * split.pixels:(i + 1) * split.pixels].cast("B", shape), split.labels[i])
                    for i in range(min(split.count, ROWS * COLUMNS))]
    return None


def draw_digits(run, digits):
    figure = style.new_figure(5.2)
    grid = figure.add_gridspec(ROWS, COLUMNS)
    for i, (pixels, label) in enumerate(digits):
        axes = figure.add_subplot(grid[i // COLUMNS, i % COLUMNS])
        axes.imshow(pixels, cmap="gray_r", vmin=0, vmax=255)
        axes.set_title(str(label), loc="center", fontsize=10)
        axes.set_axis_off()
    style.finish(figure, "The first training images and their labels",
                 "Images as the network sees them, and their labels.", [run])
    return figure
