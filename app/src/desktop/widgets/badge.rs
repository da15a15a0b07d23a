//! Small signs: severity shapes, chips, progress bars, strips. Each has a shape and a word besides its colour.

use egui::epaint::PathShape;
use egui::{
    Align2, Color32, CornerRadius, Frame, Margin, Painter, Pos2, Rect, RichText, Role, Sense, Shape, Stroke, TextStyle, Ui,
    WidgetInfo, pos2, vec2,
};
use syncline_engine::service::StatusClass;

use super::super::theme::Palette;

/// The word for a class of status.
#[must_use]
pub fn severity_word(class: StatusClass) -> &'static str {
    match class {
        StatusClass::Running => "Running",
        StatusClass::Success => "Success",
        StatusClass::Warning => "Warning",
        StatusClass::Error => "Error",
        StatusClass::Stopped => "Stopped",
    }
}

/// Paints the shape of a class of status: arc, tick, triangle, cross, octagon.
pub fn severity(ui: &Ui, center: Pos2, class: StatusClass) {
    let palette = Palette::of(ui.style());
    let colour = palette.status(class);
    let painter = ui.painter();
    let line = Stroke::new(1.6, palette.surface);
    match class {
        StatusClass::Running => arc(ui, center, colour),
        StatusClass::Success => {
            painter.circle_filled(center, 7.0, colour);
            painter.line(vec![center + vec2(-3.2, 0.2), center + vec2(-0.8, 2.6), center + vec2(3.4, -2.4)], line);
        }
        StatusClass::Warning => {
            let points = vec![center + vec2(0.0, -7.0), center + vec2(7.5, 6.0), center + vec2(-7.5, 6.0)];
            painter.add(Shape::convex_polygon(points, colour, Stroke::NONE));
            painter.line_segment([center + vec2(0.0, -2.6), center + vec2(0.0, 1.8)], line);
            painter.circle_filled(center + vec2(0.0, 4.0), 0.9, palette.surface);
        }
        StatusClass::Error => {
            painter.circle_filled(center, 7.0, colour);
            painter.line_segment([center + vec2(-2.7, -2.7), center + vec2(2.7, 2.7)], line);
            painter.line_segment([center + vec2(2.7, -2.7), center + vec2(-2.7, 2.7)], line);
        }
        StatusClass::Stopped => {
            let points = (0..8_u8).map(|corner| {
                let angle = std::f32::consts::TAU * (f32::from(corner) + 0.5) / 8.0;
                center + vec2(angle.cos(), angle.sin()) * 7.4
            });
            painter.add(Shape::convex_polygon(points.collect(), colour, Stroke::NONE));
            painter.line_segment([center + vec2(-3.2, 0.0), center + vec2(3.2, 0.0)], Stroke::new(2.0, palette.surface));
        }
    }
    let response = ui.interact(
        Rect::from_center_size(center, vec2(15.0, 15.0)),
        ui.make_persistent_id(("severity", center.x as i32, center.y as i32)),
        Sense::hover(),
    );
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, severity_word(class)));
}

fn arc(ui: &Ui, center: Pos2, colour: Color32) {
    let turn = ui.input(|input| input.time) as f32 * 2.0;
    let points = (0..=18_u8).map(|step| {
        let angle = turn + f32::from(step) / 18.0 * 4.6;
        center + vec2(angle.cos(), angle.sin()) * 6.0
    });
    ui.painter().add(PathShape::line(points.collect(), Stroke::new(2.0, colour)));
}

/// Paints the lock of what comes with the program.
pub fn lock(ui: &Ui, center: Pos2) {
    let palette = Palette::of(ui.style());
    let body = Rect::from_center_size(center + vec2(0.0, 2.5), vec2(9.0, 7.0));
    let bow = (0..=10_u8).map(|step| {
        let angle = std::f32::consts::PI * (1.0 + f32::from(step) / 10.0);
        center + vec2(0.0, -1.5) + vec2(angle.cos() * 2.8, angle.sin() * 3.6)
    });
    ui.painter().add(PathShape::line(bow.collect(), Stroke::new(1.4, palette.text_weak)));
    ui.painter().rect_filled(body, CornerRadius::same(1), palette.text_weak);
    let response = ui.interact(
        Rect::from_center_size(center, vec2(15.0, 15.0)),
        ui.make_persistent_id(("lock", center.x as i32, center.y as i32)),
        Sense::hover(),
    );
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Standard rule"));
}

/// A severity shape in the flow of a layout.
pub fn severity_icon(ui: &mut Ui, class: StatusClass) {
    let (rect, _) = ui.allocate_exact_size(vec2(16.0, 16.0), Sense::hover());
    severity(ui, rect.center(), class);
}

/// The arrow of a sorted column.
pub fn sort_arrow(painter: &Painter, center: Pos2, descending: bool, colour: Color32) {
    let (tip, base) = if descending { (3.0, -2.5) } else { (-3.0, 2.5) };
    let points = vec![center + vec2(-4.0, base), center + vec2(4.0, base), center + vec2(0.0, tip)];
    painter.add(Shape::convex_polygon(points, colour, Stroke::NONE));
}

/// A progress bar with its text; without a share a plain track.
pub fn progress(ui: &Ui, rect: Rect, share: Option<f32>, text: &str) {
    let palette = Palette::of(ui.style());
    let bar = Rect::from_center_size(rect.center(), vec2(rect.width(), 18.0));
    let painter = ui.painter();
    let radius = CornerRadius::same(5);
    painter.rect_filled(bar, radius, palette.accent_fill);
    if let Some(share) = share {
        let done = Rect::from_min_size(bar.min, vec2(bar.width() * share.clamp(0.0, 1.0), bar.height()));
        painter.rect_filled(done, radius, palette.accent.gamma_multiply(0.45));
    }
    let style = TextStyle::Small.resolve(ui.style());
    painter.with_clip_rect(bar.shrink(1.0).intersect(painter.clip_rect())).text(
        pos2(bar.left() + 8.0, bar.center().y),
        Align2::LEFT_CENTER,
        text,
        style,
        palette.text_strong,
    );
    let response = ui.interact(bar, ui.make_persistent_id(("progress", bar.min.x as i32, bar.min.y as i32)), Sense::hover());
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::ProgressIndicator, true, text);
        info.value = share.map(f64::from);
        info
    });
}

/// A progress bar in the flow of a layout.
pub fn progress_bar(ui: &mut Ui, width: f32, share: Option<f32>, text: &str) {
    let (rect, _) = ui.allocate_exact_size(vec2(width, 20.0), Sense::hover());
    progress(ui, rect, share, text);
}

/// How serious a strip or chip is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Plain.
    Plain,
    /// Informative.
    Info,
    /// Needs attention.
    Warn,
    /// Something failed.
    Bad,
}

impl Tone {
    fn colours(self, palette: &Palette) -> (Color32, Color32) {
        match self {
            Self::Plain => (palette.hover, palette.text_weak),
            Self::Info => (palette.accent_fill, palette.accent),
            Self::Warn => (palette.warn_fill, palette.warn),
            Self::Bad => (palette.bad_fill, palette.bad),
        }
    }
}

/// A word in a rounded box.
pub fn chip(ui: &mut Ui, text: &str, tone: Tone) -> egui::Response {
    let (fill, colour) = tone.colours(Palette::of(ui.style()));
    let frame = Frame::NONE.fill(fill).corner_radius(CornerRadius::same(9)).inner_margin(Margin::symmetric(8, 2));
    frame.show(ui, |ui| ui.label(RichText::new(text).small().color(colour))).inner
}

/// A strip across the width with a message, and whatever the caller adds at its right.
pub fn strip<R>(ui: &mut Ui, tone: Tone, text: &str, right: impl FnOnce(&mut Ui) -> R) -> R {
    let palette = Palette::of(ui.style());
    let (fill, colour) = tone.colours(palette);
    let frame = Frame::NONE.fill(fill).stroke(Stroke::new(1.0, colour.gamma_multiply(0.5))).corner_radius(CornerRadius::same(6));
    frame
        .inner_margin(Margin::symmetric(10, 5))
        .show(ui, |ui| {
            ui.horizontal(|ui| {
                let class = match tone {
                    Tone::Plain | Tone::Info => None,
                    Tone::Warn => Some(StatusClass::Warning),
                    Tone::Bad => Some(StatusClass::Error),
                };
                if let Some(class) = class {
                    severity_icon(ui, class);
                }
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    let inner = right(ui);
                    ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| ui.add(egui::Label::new(text).wrap()));
                    inner
                })
                .inner
            })
            .inner
        })
        .inner
}
