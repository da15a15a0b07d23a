//! The row of buttons at the foot of a window: its own at the left, Close and Refresh at the right.

use egui::{Align, Frame, Layout, Margin, Panel, Ui};

/// What was pressed at the right end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pressed {
    /// The window shall close.
    pub close: bool,
    /// What is shown shall be asked for again.
    pub refresh: bool,
}

/// Draws the row: `left` in reading order, `right` from the edge inwards.
pub fn bar<R>(ui: &mut Ui, left: impl FnOnce(&mut Ui), right: impl FnOnce(&mut Ui) -> R) -> R {
    Panel::bottom("buttons")
        .frame(Frame::NONE.inner_margin(Margin { top: 8, ..Margin::ZERO }))
        .show_separator_line(false)
        .show(ui, |ui| {
            ui.horizontal(|ui| {
                left(ui);
                ui.with_layout(Layout::right_to_left(Align::Center), right).inner
            })
            .inner
        })
        .inner
}

/// A row of buttons at the left only; those that do not fit stand on a second line.
pub fn wrapped(ui: &mut Ui, buttons: impl FnOnce(&mut Ui)) {
    Panel::bottom("buttons")
        .frame(Frame::NONE.inner_margin(Margin { top: 8, ..Margin::ZERO }))
        .show_separator_line(false)
        .show(ui, |ui| ui.horizontal_wrapped(buttons));
}

/// The row of a window that can only be closed; true when it shall.
pub fn close(ui: &mut Ui, left: impl FnOnce(&mut Ui)) -> bool {
    bar(ui, left, close_button)
}

/// The row of a window whose contents can be asked for again.
pub fn close_or_refresh(ui: &mut Ui, left: impl FnOnce(&mut Ui)) -> Pressed {
    bar(ui, left, close_and_refresh)
}

/// The button at the edge.
pub fn close_button(ui: &mut Ui) -> bool {
    ui.button("Close").clicked()
}

/// The two buttons at the edge.
pub fn close_and_refresh(ui: &mut Ui) -> Pressed {
    let close = close_button(ui);
    Pressed { close, refresh: ui.button("Refresh").clicked() }
}
