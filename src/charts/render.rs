//! Pictures as bytes.

use plotters::prelude::{
    BitMapBackend, Circle, DrawingBackend, IntoDrawingArea, PathElement, Polygon, RGBColor, SVGBackend, Text,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, RGBAColor, ShapeStyle};
use plotters::{coord::Shift, drawing::DrawingArea};

use super::Format;
use super::font;
use super::picture::{Anchor, Mark, Paint, Picture, Point};

/// A picture that could not be written down.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the chart cannot be rendered: {0}")]
pub struct RenderError(String);

impl RenderError {
    fn of(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// A PNG is drawn so many times as large and then made small, which smooths the edges.
const OVERSAMPLING: u32 = 2;
/// How far below the place that it is given a text's baseline comes to be, in parts of its size.
const SVG_BASELINE: f64 = 0.76;
const PNG_BASELINE: f64 = 0.62;

/// The picture in either format.
///
/// # Errors
/// [`RenderError`], if the bundled font is broken.
pub fn render(picture: &Picture, format: Format) -> Result<Vec<u8>, RenderError> {
    match format {
        Format::Svg => svg(picture).map(String::into_bytes),
        Format::Png => png(picture),
    }
}

/// The picture as SVG, with its title for those who do not see it.
///
/// # Errors
/// [`RenderError`], if the bundled font is broken.
fn svg(picture: &Picture) -> Result<String, RenderError> {
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, picture.size()).into_drawing_area();
        paint(&area, picture, 1.0, SVG_BASELINE)?;
    }
    let (head, rest) = text.split_once("xmlns=").ok_or_else(|| RenderError("no picture".to_owned()))?;
    let (attributes, body) = rest.split_once(">\n").ok_or_else(|| RenderError("no picture".to_owned()))?;
    let title = escaped(&picture.title);
    Ok(format!("{head}role=\"img\" xmlns={attributes}>\n<title>{title}</title>\n{body}"))
}

/// The picture as PNG: a phone's has two pixels for one of its units.
///
/// Cost: about 30 ms.
///
/// # Errors
/// [`RenderError`], if the bundled font is broken.
fn png(picture: &Picture) -> Result<Vec<u8>, RenderError> {
    let pixels_per_unit = picture.sheet.pixels();
    let (width, height) = (picture.size().0 * pixels_per_unit, picture.size().1 * pixels_per_unit);
    let large = (width * OVERSAMPLING, height * OVERSAMPLING);
    let mut pixels = vec![0; large.0 as usize * large.1 as usize * 3];
    {
        let area = BitMapBackend::with_buffer(&mut pixels, large).into_drawing_area();
        paint(&area, picture, f64::from(OVERSAMPLING * pixels_per_unit), PNG_BASELINE)?;
    }
    encode(&shrunk(&pixels, large.0 as usize), width, height).map_err(RenderError::of)
}

fn encode(pixels: &[u8], width: u32, height: u32) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(bytes)
}

/// How many pixels of the small picture are looked at together, to see whether they are blank.
const SPAN: usize = 32;

/// Every pixel the mean of those that it stands for. Most of a chart is blank, and is not counted pixel by pixel.
fn shrunk(pixels: &[u8], large_width: usize) -> Vec<u8> {
    let factor = OVERSAMPLING as usize;
    let blank = [255; SPAN * OVERSAMPLING as usize * 3];
    let mut small = Vec::with_capacity(pixels.len() / (factor * factor));
    for band in pixels.chunks_exact(large_width * 3 * factor) {
        let lines: Vec<&[u8]> = band.chunks_exact(large_width * 3).collect();
        let mut start = 0;
        while start < large_width * 3 {
            let end = (start + blank.len()).min(large_width * 3);
            if lines.iter().all(|line| line[start..end] == blank[..end - start]) {
                small.resize(small.len() + (end - start) / factor, 255);
            } else {
                for pixel in (start..end).step_by(factor * 3) {
                    small.extend_from_slice(&mean(&lines, pixel));
                }
            }
            start = end;
        }
    }
    small
}

/// The mean of the square of pixels that begins at this byte of each line.
fn mean(lines: &[&[u8]], start: usize) -> [u8; 3] {
    let mut sums = [0_u32; 3];
    for line in lines {
        for pixel in line[start..start + OVERSAMPLING as usize * 3].chunks_exact(3) {
            sums[0] += u32::from(pixel[0]);
            sums[1] += u32::from(pixel[1]);
            sums[2] += u32::from(pixel[2]);
        }
    }
    sums.map(|sum| (sum / (OVERSAMPLING * OVERSAMPLING)) as u8)
}

fn paint<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    picture: &Picture,
    scale: f64,
    baseline: f64,
) -> Result<(), RenderError> {
    area.fill(&RGBColor(255, 255, 255)).map_err(RenderError::of)?;
    let place = |(x, y): Point| (pixel(x * scale), pixel(y * scale));
    for mark in &picture.marks {
        match mark {
            Mark::Line { points, width, paint } => {
                let points: Vec<(i32, i32)> = points.iter().copied().map(place).collect();
                area.draw(&PathElement::new(points, style(*paint, width * scale)))
            }
            Mark::Area { points, paint } => {
                let points: Vec<(i32, i32)> = points.iter().copied().map(place).collect();
                area.draw(&Polygon::new(points, style(*paint, 1.0).filled()))
            }
            Mark::Disc { centre, radius, paint } => {
                area.draw(&Circle::new(place(*centre), pixel(radius * scale), style(*paint, 1.0).filled()))
            }
            Mark::Text { text, at: (x, y), anchor, size, colour } => {
                let horizontal = match anchor {
                    Anchor::Start => HPos::Left,
                    Anchor::Middle => HPos::Center,
                    Anchor::End => HPos::Right,
                };
                let text_style = font::sized(size * scale).color(&colour_of((*colour).into()));
                let text_style = text_style.pos(Pos::new(horizontal, VPos::Top));
                area.draw(&Text::new(text.as_str(), place((*x, y - baseline * size)), text_style))
            }
        }
        .map_err(RenderError::of)?;
    }
    area.present().map_err(RenderError::of)
}

fn colour_of(paint: Paint) -> RGBAColor {
    let (red, green, blue) = paint.colour.rgb();
    RGBColor(red, green, blue).mix(paint.opacity)
}

fn style(paint: Paint, width: f64) -> ShapeStyle {
    ShapeStyle::from(colour_of(paint)).stroke_width(pixel(width).max(1) as u32)
}

/// The nearest pixel, never far outside.
fn pixel(x: f64) -> i32 {
    x.round().clamp(-10_000.0, 100_000.0) as i32
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !c.is_control()) {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            other => escaped.push(other),
        }
    }
    escaped
}
