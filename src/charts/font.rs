//! The one font of the charts, which comes with the program: a picture looks the same on every machine.
//!
//! Its licence lies beside it. In an SVG the reader's DejaVu Sans, Verdana or whatever sans-serif there is stands in for
//! it; of these none is much wider.

use std::sync::LazyLock;

use plotters::style::{FontDesc, FontFamily, FontStyle, register_font};

static BYTES: &[u8] = include_bytes!("font/sans.ttf");
const FAMILY: &str = "DejaVu Sans, Verdana, sans-serif";
/// plotters takes the height of a line for the size of a font.
const LINE_HEIGHT: f64 = 1.24;

static REGISTERED: LazyLock<bool> = LazyLock::new(|| register_font(FAMILY, FontStyle::Normal, BYTES).is_ok());

/// The font so large that an em is `size`.
pub(super) fn sized(size: f64) -> FontDesc<'static> {
    // If it cannot be read, there is no such font, and rendering says so.
    let _is_there = *REGISTERED;
    FontDesc::new(FontFamily::Name(FAMILY), size * LINE_HEIGHT, FontStyle::Normal)
}

pub(super) fn width(text: &str, size: f64) -> f64 {
    sized(size).layout_box(text).map_or(0.0, |(_, (width, _))| f64::from(width))
}

/// More of a text is never looked at, in characters.
const LONGEST: usize = 120;

/// The text on one line, cut so that it is no wider than `room`.
pub(super) fn fitted(text: &str, size: f64, room: f64) -> String {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}');
    let is_shown = |c: &char| !c.is_control() && !turns(*c);
    let mut characters: Vec<char> = text.chars().filter(is_shown).take(LONGEST + 1).collect();
    let whole: String = characters.iter().collect();
    if characters.len() <= LONGEST && width(&whole, size) <= room {
        return whole;
    }
    characters.truncate(LONGEST);
    while characters.pop().is_some() {
        let cut = format!("{}…", characters.iter().collect::<String>().trim_end());
        if width(&cut, size) <= room {
            return cut;
        }
    }
    String::new()
}

/// Names, each no wider than `room`. If one is, what all begin with, up to a point, a space or the like, is left out first: it tells nothing.
pub(super) fn fitted_names<'a>(names: impl Iterator<Item = &'a str>, size: f64, room: f64) -> Vec<String> {
    let names: Vec<&str> = names.collect();
    let too_wide = names.len() > 1 && names.iter().any(|name| width(name, size) > room);
    let common = if too_wide { common_beginning(&names) } else { 0 };
    let shown = |name: &&str| {
        if common > 0 { fitted(&format!("…{}", &name[common..]), size, room) } else { fitted(name, size, room) }
    };
    names.iter().map(shown).collect()
}

/// The length of what all names begin with, up to and with the last mark between words in it.
fn common_beginning(names: &[&str]) -> usize {
    let Some((first, others)) = names.split_first() else { return 0 };
    let alike = |name: &&str| first.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count();
    let common = others.iter().map(alike).min().unwrap_or(0);
    first.as_bytes()[..common].iter().rposition(|byte| b". _-/:".contains(byte)).map_or(0, |place| place + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_where_they_tell_nothing() {
        let names = ["encoder.layers.7.dropout_probability", "encoder.layers.12.dropout_probability"];
        assert_eq!(fitted_names(names.into_iter(), 20.0, 150.0), ["…7.dropout_…", "…12.dropout…"]);
        assert_eq!(fitted_names(["a.b", "a.c"].into_iter(), 20.0, 150.0), ["a.b", "a.c"]);
    }

    #[test]
    fn texts_fit_and_have_nothing_that_turns_them_round() {
        assert_eq!(fitted("a\u{202e}b\nc", 20.0, 100.0), "abc");
        for room in [0.0, 1.0, 20.0, 55.0] {
            assert!(width(&fitted(&"Wide ".repeat(1000), 20.0, room), 20.0) <= room);
        }
    }
}
