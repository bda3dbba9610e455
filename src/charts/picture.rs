//! A picture without a format: shapes and texts at places, in the order in which they are drawn.

use super::font;

/// Across and down from the upper left corner.
pub(super) type Point = (f64, f64);

/// Colours that the colour-blind tell apart (Okabe and Ito, "Color Universal Design", 2008), and greys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colour {
    Ink,
    /// Text beside the matter.
    Muted,
    /// What is only there to be compared with.
    Grey,
    /// Lines of a grid.
    Faint,
    Blue,
    Vermillion,
    Orange,
    White,
}

impl Colour {
    pub fn rgb(self) -> (u8, u8, u8) {
        match self {
            Self::Ink => (0x1a, 0x1a, 0x1a),
            Self::Muted => (0x59, 0x59, 0x59),
            Self::Grey => (0xa0, 0xa4, 0xa8),
            Self::Faint => (0xe3, 0xe5, 0xe8),
            Self::Blue => (0x00, 0x72, 0xb2),
            Self::Vermillion => (0xd5, 0x5e, 0x00),
            Self::Orange => (0xe6, 0x9f, 0x00),
            Self::White => (0xff, 0xff, 0xff),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Paint {
    pub colour: Colour,
    /// From 0, nothing, to 1.
    pub opacity: f64,
}

impl From<Colour> for Paint {
    fn from(colour: Colour) -> Self {
        Self { colour, opacity: 1.0 }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Mark {
    Line {
        points: Vec<Point>,
        width: f64,
        paint: Paint,
    },
    Area {
        points: Vec<Point>,
        paint: Paint,
    },
    Disc {
        centre: Point,
        radius: f64,
        paint: Paint,
    },
    /// `at` is on the baseline.
    Text {
        text: String,
        at: Point,
        anchor: Anchor,
        size: f64,
        colour: Colour,
    },
}

/// What a trial is drawn as: its state is told by the shape, not only by the colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Done.
    Disc,
    /// Stopped early.
    Triangle,
    /// Failed.
    Cross,
    /// The best.
    Diamond,
    /// A short piece of line, of this width.
    Dash(u8),
}

/// What a picture is drawn for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sheet {
    /// A page on a screen.
    Page,
    /// A message on a phone, some 350 points wide: less has room on it, so that what is there is large enough.
    Phone,
}

impl Sheet {
    pub(super) fn width(self) -> f64 {
        match self {
            Self::Page => Picture::WIDTH,
            Self::Phone => 600.0,
        }
    }

    /// Of a chart with one frame.
    pub(super) fn height(self) -> f64 {
        match self {
            Self::Page => 640.0,
            Self::Phone => 460.0,
        }
    }

    /// Pixels of a PNG across each unit.
    pub(super) fn pixels(self) -> u32 {
        match self {
            Self::Page => 1,
            Self::Phone => 2,
        }
    }
}

/// A chart, ready to be rendered.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    pub(super) sheet: Sheet,
    pub(super) height: f64,
    pub(super) marks: Vec<Mark>,
    pub(super) title: String,
    pub(super) empty: bool,
}

impl Picture {
    /// How wide a picture for a page is.
    pub const WIDTH: f64 = 1000.0;

    pub(super) fn new(sheet: Sheet, title: String, height: f64) -> Self {
        Self { sheet, height, marks: Vec::new(), title, empty: false }
    }

    /// What is seen, in words.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Is there nothing to see but the reason why?
    pub fn is_empty(&self) -> bool {
        self.empty
    }

    pub(super) fn width(&self) -> f64 {
        self.sheet.width()
    }

    /// Across and down.
    pub fn size(&self) -> (u32, u32) {
        (self.width() as u32, self.height as u32)
    }

    pub(super) fn line(&mut self, points: Vec<Point>, width: f64, paint: impl Into<Paint>) {
        self.marks.push(Mark::Line { points, width, paint: paint.into() });
    }

    pub(super) fn area(&mut self, points: Vec<Point>, paint: impl Into<Paint>) {
        self.marks.push(Mark::Area { points, paint: paint.into() });
    }

    pub(super) fn rectangle(&mut self, (left, top): Point, (right, bottom): Point, paint: impl Into<Paint>) {
        self.area(vec![(left, top), (right, top), (right, bottom), (left, bottom)], paint);
    }

    /// One line of text, cut to `room`.
    pub(super) fn text(&mut self, text: &str, at: Point, room: f64, style: (Anchor, f64, Colour)) {
        let (anchor, size, colour) = style;
        let text = font::fitted(text, size, room);
        if !text.is_empty() {
            self.marks.push(Mark::Text { text, at, anchor, size, colour });
        }
    }

    /// A shape around `centre`, about twice `radius` wide.
    pub(super) fn shape(&mut self, shape: Shape, centre: Point, radius: f64, paint: impl Into<Paint>) {
        let ((x, y), r, paint) = (centre, radius, paint.into());
        match shape {
            Shape::Disc => self.marks.push(Mark::Disc { centre, radius, paint }),
            Shape::Triangle => self.area(vec![(x - r, y - r * 0.8), (x + r, y - r * 0.8), (x, y + r)], paint),
            Shape::Diamond => self.area(vec![(x, y - r), (x + r, y), (x, y + r), (x - r, y)], paint),
            Shape::Cross => {
                let r = r * 0.8;
                self.line(vec![(x - r, y - r), (x + r, y + r)], 3.0, paint);
                self.line(vec![(x - r, y + r), (x + r, y - r)], 3.0, paint);
            }
            Shape::Dash(width) => self.line(vec![(x - 2.0 * r, y), (x + 2.0 * r, y)], f64::from(width), paint),
        }
    }
}
