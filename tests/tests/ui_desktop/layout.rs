//! Every screen, in the smallest window, in a large one and enlarged: names, places, and no text on another.

use egui::epaint::{ClippedShape, Shape};
use egui::{Rect, Theme};

use crate::accessibility::problems;
use crate::screens::{open, windows};
use crate::support::*;

/// What is painted, in order.
enum Painted {
    Text(String, Rect),
    /// Hides what was painted before it.
    Cover(Rect),
}

fn paint(shape: &Shape, clip: Rect, seen: &mut Vec<Painted>) {
    match shape {
        Shape::Vec(shapes) => shapes.iter().for_each(|shape| paint(shape, clip, seen)),
        Shape::Rect(rect) if rect.fill.a() == 255 => seen.push(Painted::Cover(rect.rect.intersect(clip))),
        Shape::Text(text) => {
            for row in &text.galley.rows {
                // The middle of the line, where letters are.
                let place = row.rect_without_leading_space().translate(text.pos.to_vec2()).shrink2(egui::vec2(0.5, 4.5));
                let place = place.intersect(clip);
                let words = row.text();
                if !place.is_negative() && !words.trim().is_empty() {
                    seen.push(Painted::Text(words, place));
                }
            }
        }
        _ => {}
    }
}

/// Pairs of texts that stand on each other.
fn overlaps(window: &Window) -> Vec<String> {
    let mut seen = Vec::new();
    for ClippedShape { clip_rect, shape, .. } in &window.output().shapes {
        paint(shape, *clip_rect, &mut seen);
    }
    let mut found = Vec::new();
    for (index, one) in seen.iter().enumerate() {
        let Painted::Text(one, place) = one else { continue };
        let mut covers: Vec<Rect> = Vec::new();
        for other in seen.iter().skip(index + 1) {
            match other {
                Painted::Cover(cover) => covers.push(*cover),
                Painted::Text(other, there) => {
                    let both = place.intersect(*there);
                    let hidden = covers.iter().any(|cover| cover.contains(both.center()));
                    // Bold is painted as the same text twice.
                    if both.width() > 1.5 && both.height() > 1.0 && one != other && !hidden {
                        found.push(format!("{one:?} and {other:?} at {both:?}"));
                    }
                }
            }
        }
    }
    found
}

fn check(size: [f32; 2], theme: Theme, zoom: f32) {
    let mut wrong = Vec::new();
    for screen in windows() {
        let mut window = open(&screen, size, theme);
        if zoom != 1.0 {
            window.ctx.set_zoom_factor(zoom);
            window.run();
        }
        wrong.extend(overlaps(&window).into_iter().map(|pair| format!("{}: {pair}", screen.name)));
        if zoom == 1.0 {
            wrong.extend(problems(&window, screen.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn scenario_38_nothing_is_cut_or_covered_in_the_smallest_window() {
    check([900.0, 600.0], Theme::Dark, 1.0);
}

#[test]
fn nothing_is_cut_or_covered_in_the_light_theme() {
    check([1280.0, 800.0], Theme::Light, 1.0);
}

#[test]
fn nothing_is_covered_in_a_large_window() {
    check([1920.0, 1080.0], Theme::Light, 1.0);
}

#[test]
fn scenario_38_no_text_covers_another_when_everything_is_enlarged() {
    check([900.0, 600.0], Theme::Dark, 1.5);
}
