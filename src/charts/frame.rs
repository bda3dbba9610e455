//! What surrounds the data: title, legend, axes with their grid, and the rectangle that is left.

use super::axis::Axis;
use super::font;
use super::picture::{Anchor, Colour, Picture, Point, Shape, Sheet};

/// No text is smaller.
pub(super) const TEXT: f64 = 20.0;
const TITLE: f64 = 28.0;
pub(super) const MARGIN: f64 = 28.0;
/// From one line of text to the next.
pub(super) const LINE: f64 = 30.0;
/// The most that the names of the ticks on the left get.
const TICK_ROOM: f64 = 200.0;
/// The height of a chart with one frame on a page.
pub(super) const HEIGHT: f64 = 640.0;

/// A picture of sweep `name` with what is seen and the line under it.
pub(super) fn titled(name: &str, seen: &str, subtitle: &str, height: f64) -> Picture {
    let mut picture = Picture::new(Sheet::Page, format!("{name}: {seen}"), height);
    let room = picture.width() - 2.0 * MARGIN;
    // However long a name is, what is seen is said.
    let title = format!("{}: {seen}", font::fitted(name, TITLE, room * 0.45));
    picture.text(&title, (MARGIN, 44.0), room, (Anchor::Start, TITLE, Colour::Ink));
    picture.text(subtitle, (MARGIN, 78.0), room, (Anchor::Start, TEXT, Colour::Muted));
    picture
}

/// The same for a phone. The message around it says which sweep it is; the title has all the room. What is seen is `subject`, which may be long, and `what` about it, which is said in any case.
pub(super) fn titled_for_phone(name: &str, (subject, what): (&str, &str), subtitle: &str, height: f64) -> Picture {
    let mut picture = Picture::new(Sheet::Phone, format!("{name}: {subject}{what}"), height);
    let room = picture.width() - 2.0 * MARGIN;
    let seen = format!("{}{what}", font::fitted(subject, TITLE, room - font::width(what, TITLE)));
    picture.text(&seen, (MARGIN, 44.0), room, (Anchor::Start, TITLE, Colour::Ink));
    picture.text(subtitle, (MARGIN, 78.0), room, (Anchor::Start, TEXT, Colour::Muted));
    picture
}

/// A chart without anything to show, which says why.
pub(super) fn empty(name: &str, seen: &str, subtitle: &str, why: &str) -> Picture {
    let mut picture = titled(name, seen, subtitle, 280.0);
    let room = picture.width() - 2.0 * MARGIN;
    picture.text(why, (picture.width() / 2.0, 180.0), room, (Anchor::Middle, TEXT, Colour::Ink));
    picture.empty = true;
    picture
}

/// Where the content begins under a title without a legend.
pub(super) const UNDER_TITLE: f64 = 100.0;

/// What the shapes mean, in a row under the title. Returns where the content begins.
pub(super) fn legend(picture: &mut Picture, items: &[(Shape, Colour, &str)]) -> f64 {
    let (mut x, mut y) = (MARGIN, 112.0);
    let gap = if picture.sheet == Sheet::Phone { 18.0 } else { 28.0 };
    for (shape, colour, text) in items {
        let half = if matches!(shape, Shape::Dash(_)) { 16.0 } else { 9.0 };
        let end = x + half * 2.0 + 10.0 + font::width(text, TEXT);
        if x > MARGIN && end > picture.width() - MARGIN / 2.0 {
            (x, y) = (MARGIN, y + LINE);
        }
        picture.shape(*shape, (x + half, y - 7.0), 8.0, *colour);
        x += half * 2.0 + 10.0;
        picture.text(text, (x, y), 400.0, (Anchor::Start, TEXT, Colour::Ink));
        x += font::width(text, TEXT) + gap;
    }
    y + 22.0
}

/// The rectangle in which data are drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Frame {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Frame {
    /// Both from 0, left and bottom, to 1.
    pub fn at(&self, x: f64, y: f64) -> Point {
        (self.x(x), self.bottom - y * (self.bottom - self.top))
    }

    pub fn x(&self, share: f64) -> f64 {
        self.left + share * (self.right - self.left)
    }

    /// What is left of an area from `top` down to the bottom of the picture, with room for the ticks of `y` and the
    /// titles of both axes.
    pub fn within(picture: &Picture, top: f64, y: &Axis) -> Self {
        let bottom = picture.height - 2.0 * LINE - 24.0;
        Self {
            left: MARGIN + tick_width(y) + 12.0,
            top: top + LINE + 6.0,
            right: picture.width() - MARGIN - 8.0,
            bottom,
        }
    }
}

/// The room that the names of the ticks take on the left.
pub(super) fn tick_width(y: &Axis) -> f64 {
    y.ticks.iter().map(|tick| font::width(&tick.label, TEXT)).fold(0.0, f64::max).min(TICK_ROOM)
}

/// Grid, ticks and titles around `frame`.
pub(super) fn axes(picture: &mut Picture, frame: &Frame, (x, x_title): (&Axis, &str), (y, y_title): (&Axis, &str)) {
    vertical_axis(picture, frame, y, true);
    horizontal_axis(picture, frame, x);
    let room = picture.width() - 2.0 * MARGIN;
    picture.text(y_title, (MARGIN, frame.top - 16.0), room, (Anchor::Start, TEXT, Colour::Ink));
    let under = frame.bottom + 2.0 * LINE + 2.0;
    picture.text(x_title, (frame.right, under), frame.right - MARGIN, (Anchor::End, TEXT, Colour::Ink));
}

/// Lines across at the ticks of `y`, named on the left if `named`.
pub(super) fn vertical_axis(picture: &mut Picture, frame: &Frame, y: &Axis, named: bool) {
    for tick in &y.ticks {
        let (left, height) = frame.at(0.0, tick.place);
        picture.line(vec![(left, height), (frame.right, height)], 1.0, Colour::Faint);
        if named {
            picture.text(&tick.label, (left - 10.0, height + 7.0), TICK_ROOM, (Anchor::End, TEXT, Colour::Muted));
        }
    }
}

/// How far the names at the ends of an axis reach beyond it.
const OVERHANG: f64 = 18.0;

/// The base line with the ticks of `x`. Names that would touch the one before are left out, those at the ends moved in.
pub(super) fn horizontal_axis(picture: &mut Picture, frame: &Frame, x: &Axis) {
    picture.line(vec![(frame.left, frame.bottom), (frame.right, frame.bottom)], 2.0, Colour::Grey);
    let mut taken = f64::NEG_INFINITY;
    for (tick, label) in x.ticks.iter().zip(tick_labels(x, frame.right - frame.left)) {
        let (place, _) = frame.at(tick.place, 0.0);
        picture.line(vec![(place, frame.bottom), (place, frame.bottom + 6.0)], 2.0, Colour::Grey);
        let half = font::width(&label, TEXT) / 2.0;
        let centre = place.min(frame.right + OVERHANG - half).max(frame.left - OVERHANG + half);
        if centre - half > taken + 8.0 {
            picture.text(&label, (centre, frame.bottom + LINE), f64::INFINITY, (Anchor::Middle, TEXT, Colour::Muted));
            taken = centre + half;
        }
    }
}

/// The names of the ticks along `width`; those of bands are cut to their room.
pub(super) fn tick_labels(axis: &Axis, width: f64) -> Vec<String> {
    if !axis.bands {
        return axis.ticks.iter().map(|tick| tick.label.clone()).collect();
    }
    let band = width / axis.ticks.len().max(1) as f64;
    font::fitted_names(axis.ticks.iter().map(|tick| tick.label.as_str()), TEXT, (band - 10.0).max(64.0))
}

/// Points that lie so close that they hide one another are drawn once.
#[derive(Debug, Default)]
pub(super) struct Crowd(std::collections::HashSet<(i32, i32)>);

impl Crowd {
    /// Is the place free? It is taken from now on. `cell` is the width that counts as one place.
    pub fn takes(&mut self, (x, y): Point, cell: f64) -> bool {
        self.0.insert(((x / cell).floor() as i32, (y / cell).floor() as i32))
    }

    /// How close points may lie when there are so many.
    pub fn cell(points: usize) -> f64 {
        if points > 2000 { 5.0 } else { 1.0 }
    }
}
