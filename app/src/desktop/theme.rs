//! Colours, spacing and type of both themes. Every colour of the app comes from [`Palette`]; nothing else names one.

use egui::epaint::Shadow;
use egui::style::{ScrollStyle, Selection, WidgetVisuals, Widgets};
use egui::{Color32, CornerRadius, FontFamily, FontId, Margin, Stroke, Style, TextStyle, Theme, Visuals, vec2};
use serde::{Deserialize, Serialize};
use syncline_engine::service::StatusClass;

/// Which theme the person chose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ThemeChoice {
    /// As the operating system.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl ThemeChoice {
    /// The value that egui understands.
    #[must_use]
    pub fn preference(self) -> egui::ThemePreference {
        match self {
            Self::System => egui::ThemePreference::System,
            Self::Light => egui::ThemePreference::Light,
            Self::Dark => egui::ThemePreference::Dark,
        }
    }
}

/// The colours of one theme.
#[derive(Clone, Copy, Debug)]
pub struct Palette {
    /// Behind everything.
    pub canvas: Color32,
    /// Lists, cards, windows.
    pub surface: Color32,
    /// Every second row.
    pub stripe: Color32,
    /// Row or button under the pointer.
    pub hover: Color32,
    /// Selected row.
    pub selected: Color32,
    /// Lines and borders.
    pub line: Color32,
    /// Borders of things that can be clicked.
    pub line_strong: Color32,
    /// Text.
    pub text: Color32,
    /// Headings and values that matter.
    pub text_strong: Color32,
    /// Captions.
    pub text_weak: Color32,
    /// The one accent colour.
    pub accent: Color32,
    /// Text on the accent colour.
    pub on_accent: Color32,
    /// Background of text fields.
    pub field: Color32,
    /// Success, additions.
    pub good: Color32,
    /// Warnings, changes.
    pub warn: Color32,
    /// Errors, removals.
    pub bad: Color32,
    /// Runs that were stopped or never started.
    pub stopped: Color32,
    /// Background of a yellow strip.
    pub warn_fill: Color32,
    /// Background of a red strip.
    pub bad_fill: Color32,
    /// Background of an informative strip.
    pub accent_fill: Color32,
    /// Lines of a chart, in order; each has a marker of its own shape besides.
    pub series: [Color32; 6],
}

const DARK: Palette = Palette {
    canvas: Color32::from_rgb(0x14, 0x17, 0x1c),
    surface: Color32::from_rgb(0x1b, 0x1f, 0x26),
    stripe: Color32::from_rgb(0x1f, 0x24, 0x2c),
    hover: Color32::from_rgb(0x28, 0x2f, 0x39),
    selected: Color32::from_rgb(0x1c, 0x36, 0x5a),
    line: Color32::from_rgb(0x2c, 0x33, 0x3d),
    line_strong: Color32::from_rgb(0x46, 0x50, 0x5e),
    text: Color32::from_rgb(0xd5, 0xdb, 0xe4),
    text_strong: Color32::from_rgb(0xf4, 0xf6, 0xf9),
    text_weak: Color32::from_rgb(0x9a, 0xa5, 0xb4),
    accent: Color32::from_rgb(0x6c, 0xb0, 0xff),
    on_accent: Color32::from_rgb(0x08, 0x16, 0x28),
    field: Color32::from_rgb(0x11, 0x14, 0x19),
    good: Color32::from_rgb(0x5f, 0xc9, 0x8a),
    warn: Color32::from_rgb(0xe6, 0xb4, 0x50),
    bad: Color32::from_rgb(0xf5, 0x7f, 0x7a),
    stopped: Color32::from_rgb(0xf0, 0x97, 0x5c),
    warn_fill: Color32::from_rgb(0x35, 0x2c, 0x16),
    bad_fill: Color32::from_rgb(0x3a, 0x1e, 0x20),
    accent_fill: Color32::from_rgb(0x18, 0x2b, 0x42),
    series: [
        Color32::from_rgb(0x6c, 0xb0, 0xff),
        Color32::from_rgb(0x5f, 0xc9, 0x8a),
        Color32::from_rgb(0xe6, 0xb4, 0x50),
        Color32::from_rgb(0xc8, 0xa2, 0xff),
        Color32::from_rgb(0xff, 0x8f, 0xb8),
        Color32::from_rgb(0x4f, 0xd0, 0xd6),
    ],
};

const LIGHT: Palette = Palette {
    canvas: Color32::from_rgb(0xf3, 0xf5, 0xf8),
    surface: Color32::from_rgb(0xff, 0xff, 0xff),
    stripe: Color32::from_rgb(0xf8, 0xf9, 0xfb),
    hover: Color32::from_rgb(0xec, 0xf0, 0xf5),
    selected: Color32::from_rgb(0xd8, 0xe8, 0xfc),
    line: Color32::from_rgb(0xdf, 0xe4, 0xea),
    line_strong: Color32::from_rgb(0xb9, 0xc2, 0xcd),
    text: Color32::from_rgb(0x24, 0x2d, 0x39),
    text_strong: Color32::from_rgb(0x0c, 0x13, 0x1d),
    text_weak: Color32::from_rgb(0x56, 0x62, 0x71),
    accent: Color32::from_rgb(0x0b, 0x5c, 0xc4),
    on_accent: Color32::from_rgb(0xff, 0xff, 0xff),
    field: Color32::from_rgb(0xff, 0xff, 0xff),
    good: Color32::from_rgb(0x14, 0x74, 0x46),
    warn: Color32::from_rgb(0x86, 0x5a, 0x00),
    bad: Color32::from_rgb(0xb8, 0x24, 0x24),
    stopped: Color32::from_rgb(0xa3, 0x4a, 0x0b),
    warn_fill: Color32::from_rgb(0xfd, 0xf3, 0xd6),
    bad_fill: Color32::from_rgb(0xfd, 0xe9, 0xe8),
    accent_fill: Color32::from_rgb(0xe6, 0xf0, 0xfd),
    series: [
        Color32::from_rgb(0x0b, 0x5c, 0xc4),
        Color32::from_rgb(0x14, 0x74, 0x46),
        Color32::from_rgb(0x86, 0x5a, 0x00),
        Color32::from_rgb(0x6b, 0x3f, 0xc4),
        Color32::from_rgb(0xb0, 0x24, 0x6f),
        Color32::from_rgb(0x0b, 0x66, 0x70),
    ],
};

impl Palette {
    /// The palette of the theme that a context shows now.
    #[must_use]
    pub fn of(style: &Style) -> &'static Self {
        if style.visuals.dark_mode { &DARK } else { &LIGHT }
    }

    /// The colour of a status class; always shown together with a shape and a word.
    #[must_use]
    pub fn status(&self, class: StatusClass) -> Color32 {
        match class {
            StatusClass::Running => self.accent,
            StatusClass::Success => self.good,
            StatusClass::Warning => self.warn,
            StatusClass::Error => self.bad,
            StatusClass::Stopped => self.stopped,
        }
    }
}

/// Height of a row in every list.
pub const ROW_HEIGHT: f32 = 27.0;
/// Height of the header of every list.
pub const HEADER_HEIGHT: f32 = 30.0;
/// Corner radius of cards and windows.
pub const RADIUS: u8 = 8;

/// Puts both themes into a context; with reduced motion nothing fades or slides.
pub fn install(ctx: &egui::Context, reduced_motion: bool) {
    for (theme, palette) in [(Theme::Dark, &DARK), (Theme::Light, &LIGHT)] {
        let mut style = (*ctx.style_of(theme)).clone();
        apply(&mut style, theme, palette);
        if reduced_motion {
            style.animation_time = 0.0;
        }
        ctx.set_style_of(theme, style);
    }
}

fn apply(style: &mut Style, theme: Theme, palette: &Palette) {
    style.text_styles = [
        (TextStyle::Small, FontId::new(12.0, FontFamily::Proportional)),
        (TextStyle::Body, FontId::new(14.0, FontFamily::Proportional)),
        (TextStyle::Button, FontId::new(14.0, FontFamily::Proportional)),
        (TextStyle::Heading, FontId::new(20.0, FontFamily::Proportional)),
        (TextStyle::Monospace, FontId::new(13.0, FontFamily::Monospace)),
    ]
    .into();
    let spacing = &mut style.spacing;
    spacing.item_spacing = vec2(8.0, 6.0);
    spacing.button_padding = vec2(12.0, 5.0);
    spacing.interact_size = vec2(36.0, 28.0);
    spacing.window_margin = Margin::same(14);
    spacing.menu_margin = Margin::same(6);
    spacing.icon_width = 16.0;
    spacing.icon_width_inner = 9.0;
    spacing.combo_width = 130.0;
    spacing.tooltip_width = 460.0;
    spacing.scroll = ScrollStyle {
        foreground_color: true,
        bar_width: 9.0,
        floating_width: 5.0,
        floating_allocated_width: 9.0,
        dormant_background_opacity: 0.0,
        active_background_opacity: 0.08,
        interact_background_opacity: 0.12,
        dormant_handle_opacity: 0.22,
        active_handle_opacity: 0.35,
        interact_handle_opacity: 0.55,
        ..ScrollStyle::thin()
    };
    style.interaction.tooltip_delay = 0.35;
    style.interaction.selectable_labels = true;
    style.animation_time = 0.08;
    style.visuals = visuals(theme, palette);
}

fn visuals(theme: Theme, palette: &Palette) -> Visuals {
    let mut visuals = match theme {
        Theme::Dark => Visuals::dark(),
        Theme::Light => Visuals::light(),
    };
    visuals.override_text_color = None;
    visuals.weak_text_color = Some(palette.text_weak);
    visuals.hyperlink_color = palette.accent;
    visuals.faint_bg_color = palette.stripe;
    visuals.extreme_bg_color = palette.field;
    visuals.text_edit_bg_color = Some(palette.field);
    visuals.code_bg_color = palette.hover;
    visuals.warn_fg_color = palette.warn;
    visuals.error_fg_color = palette.bad;
    visuals.panel_fill = palette.canvas;
    visuals.window_fill = palette.surface;
    visuals.window_stroke = Stroke::new(1.0, palette.line_strong);
    visuals.window_corner_radius = CornerRadius::same(RADIUS + 2);
    visuals.menu_corner_radius = CornerRadius::same(RADIUS);
    let shade = if theme == Theme::Dark { 110 } else { 38 };
    visuals.window_shadow = Shadow { offset: [0, 8], blur: 28, spread: 0, color: Color32::from_black_alpha(shade) };
    visuals.popup_shadow = Shadow { offset: [0, 4], blur: 14, spread: 0, color: Color32::from_black_alpha(shade) };
    visuals.selection = Selection { bg_fill: palette.selected, stroke: Stroke::new(1.0, palette.accent) };
    visuals.disabled_alpha = 0.7;
    visuals.striped = false;
    visuals.slider_trailing_fill = true;
    let radius = CornerRadius::same(6);
    let widget = |fill: Color32, border: Color32, text: Color32| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: Stroke::new(1.0, border),
        fg_stroke: Stroke::new(1.0, text),
        corner_radius: radius,
        expansion: 0.0,
    };
    visuals.widgets = Widgets {
        noninteractive: widget(palette.surface, palette.line, palette.text),
        inactive: widget(palette.surface, palette.line_strong, palette.text),
        hovered: widget(palette.hover, palette.accent, palette.text_strong),
        active: widget(palette.selected, palette.accent, palette.text_strong),
        open: widget(palette.hover, palette.line_strong, palette.text_strong),
    };
    visuals
}

/// The frame around a list or a block of facts.
pub fn card(style: &Style) -> egui::Frame {
    let palette = Palette::of(style);
    egui::Frame::NONE.fill(palette.surface).stroke(Stroke::new(1.0, palette.line)).corner_radius(CornerRadius::same(RADIUS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance(color: Color32) -> f64 {
        let channel = |value: u8| {
            let value = f64::from(value) / 255.0;
            if value <= 0.03928 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(color.r()) + 0.7152 * channel(color.g()) + 0.0722 * channel(color.b())
    }

    fn contrast(a: Color32, b: Color32) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn every_text_colour_is_readable_on_every_background() {
        for (name, palette) in [("dark", &DARK), ("light", &LIGHT)] {
            let backgrounds = [palette.canvas, palette.surface, palette.stripe, palette.hover, palette.selected];
            for text in [
                palette.text,
                palette.text_strong,
                palette.text_weak,
                palette.accent,
                palette.good,
                palette.warn,
                palette.bad,
                palette.stopped,
            ]
            .into_iter()
            .chain(palette.series)
            {
                for background in backgrounds {
                    let ratio = contrast(text, background);
                    assert!(ratio >= 4.5, "{name}: {text:?} on {background:?} has only {ratio:.2}");
                }
            }
            for (text, fill) in [
                (palette.text, palette.warn_fill),
                (palette.text, palette.bad_fill),
                (palette.text, palette.accent_fill),
                (palette.on_accent, palette.accent),
            ] {
                assert!(contrast(text, fill) >= 4.5, "{name}: {text:?} on {fill:?}");
            }
        }
    }
}
