//! Charts of every kind, of every sweep that one can think of.

mod chaos;
mod scenes;

use std::path::Path;

use tunebot::charts::{self, Format, Kind, Picture};

/// Set to a folder, the pictures of all sweeps are written into it, to be looked at.
const LOOK_AT: &str = "TUNEBOT_PICTURES";
/// Set, the pictures of docs/charts.md are made anew.
const UPDATE: &str = "TUNEBOT_UPDATE_PICTURES";

fn svg(picture: &Picture) -> String {
    String::from_utf8(charts::render(picture, Format::Svg).unwrap()).unwrap()
}

/// Are all texts, and nothing but them, between the tags?
fn is_well_formed(svg: &str) -> bool {
    let body = svg.trim_end();
    let (opened, closed) = (body.matches("<text").count(), body.matches("</text>").count());
    body.starts_with("<svg ") && body.ends_with("</svg>") && opened == closed
}

#[test]
fn every_sweep_has_its_pictures() {
    for (name, scene) in scenes::ALL {
        let scene = scene();
        for kind in Kind::ALL {
            let picture = charts::draw(kind, &scene.sweep());
            let svg = svg(&picture);
            assert!(is_well_formed(&svg), "{name} {}", kind.name());
            assert!(svg.len() < 1_200_000, "{name} {}: {} bytes", kind.name(), svg.len());
            if let Some(folder) = std::env::var_os(LOOK_AT) {
                for format in [Format::Svg, Format::Png] {
                    let file = format!("{name}-{}.{}", kind.name(), format.name());
                    std::fs::write(Path::new(&folder).join(file), charts::render(&picture, format).unwrap()).unwrap();
                }
            }
        }
    }
}

#[test]
fn what_goes_into_a_chat_is_legible_on_a_phone_whatever_the_sweep() {
    for (name, scene) in scenes::ALL {
        let scene = scene();
        for (kind, picture) in charts::draw_for_phone(&scene.sweep()) {
            let svg = svg(&picture);
            assert!(is_well_formed(&svg), "{name} {}", kind.name());
            // A phone shows it 350 points wide: no text is below 11 of these.
            assert!(picture.size().0 <= 600 && picture.size().1 <= 600, "{name} {}", kind.name());
            if name == "large" && kind == Kind::History {
                let bytes = charts::render(&picture, Format::Png).unwrap();
                assert!(bytes.len() < 400_000, "{} bytes", bytes.len());
            }
            if let Some(folder) = std::env::var_os(LOOK_AT) {
                let bytes = charts::render(&picture, Format::Png).unwrap();
                std::fs::write(Path::new(&folder).join(format!("phone-{name}-{}.png", kind.name())), bytes).unwrap();
            }
        }
    }
    let kinds = |wanted: &str| -> Vec<&str> {
        let (_, scene) = scenes::ALL.into_iter().find(|(name, _)| *name == wanted).unwrap();
        charts::draw_for_phone(&scene().sweep()).into_iter().map(|(kind, _)| kind.name()).collect()
    };
    assert_eq!(kinds("resnet"), ["history", "importance"]);
    assert!(kinds("all-failed").is_empty() && kinds("no-trial").is_empty(), "there is nothing to see");
}

#[test]
fn the_pictures_of_the_documentation_are_what_is_drawn() {
    let scene = scenes::resnet();
    for kind in Kind::ALL {
        let drawn = svg(&charts::draw(kind, &scene.sweep()));
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/charts/{}.svg", kind.name()));
        if std::env::var_os(UPDATE).is_some() {
            std::fs::write(&file, &drawn).unwrap();
        }
        let shown = std::fs::read_to_string(&file).unwrap();
        assert!(shown == drawn, "{} is not what is drawn: set {UPDATE}=1 to make it anew", file.display());
    }
}

#[test]
fn a_picture_says_in_words_what_is_seen() {
    let scene = scenes::resnet();
    let titles: Vec<String> =
        Kind::ALL.iter().map(|kind| charts::draw(*kind, &scene.sweep()).title().to_owned()).collect();
    insta::assert_snapshot!(titles.join("\n"), @"
    resnet: best val_acc 0.9311 (trial 77)
    resnet: lr mattered most for val_acc
    resnet: val_acc over what mattered most
    resnet: where the best trials lie
    resnet: 8 of 63 trials are on the Pareto front
    resnet: val_acc while the trials ran
    ");
    let history = svg(&charts::draw(Kind::History, &scene.sweep()));
    for text in ["val_acc (higher is better)", "best so far", "stopped early", "failed", "goal", "trial"] {
        assert!(history.contains(text), "{text} is missing");
    }
}

#[test]
fn where_there_is_nothing_to_see_the_picture_says_why() {
    let said = |name: &str, kind| {
        let (_, scene) = scenes::ALL.into_iter().find(|(other, _)| *other == name).unwrap();
        let picture = charts::draw(kind, &scene().sweep());
        assert!(picture.is_empty(), "{name} {}", picture.title());
        svg(&picture)
    };
    assert!(said("no-trial", Kind::History).contains("There is no trial yet."));
    assert!(said("all-failed", Kind::History).contains("Every trial failed."));
    assert!(said("all-running", Kind::Slices).contains("No trial has ended with a value yet."));
    assert!(said("constant", Kind::Importance).contains("Nothing tells the best trials from the others yet."));
    assert!(said("constant", Kind::Pareto).contains("There is one objective; a front is between two."));
    assert!(said("constant", Kind::Curves).contains("No trial has reported a step."));
}

#[test]
fn a_png_is_as_large_as_its_picture_and_shows_something() {
    let scene = scenes::resnet();
    let picture = charts::draw(Kind::History, &scene.sweep());
    let bytes = charts::render(&picture, Format::Png).unwrap();
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    assert_eq!((reader.info().width, reader.info().height), picture.size());
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut pixels).unwrap();
    let coloured = pixels.chunks(3).filter(|pixel| *pixel != [255, 255, 255]).count();
    let share = coloured as f64 / (pixels.len() / 3) as f64;
    assert!((0.02..0.4).contains(&share), "{share} of the pixels are not white");
}

#[test]
fn no_data_break_a_chart() {
    for seed in 0..24 {
        let scene = chaos::scene(seed);
        for kind in Kind::ALL {
            let picture = charts::draw(kind, &scene.sweep());
            assert!(is_well_formed(&svg(&picture)), "seed {seed}, {}", kind.name());
        }
        if seed % 8 == 0 {
            let kind = Kind::ALL[seed as usize / 8 % Kind::ALL.len()];
            charts::render(&charts::draw(kind, &scene.sweep()), Format::Png).unwrap();
        }
    }
}
