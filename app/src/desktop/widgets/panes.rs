//! The parts of a window between which F6 moves: lists, the Actions pane, the detail panes.

use egui::{Context, Id, Key, LayerId, Modifiers, Order, Ui};

/// What was drawn in a frame, in order.
#[derive(Clone, Debug, Default)]
struct Panes {
    frame: u64,
    present: Vec<(LayerId, Id)>,
}

fn key() -> Id {
    Id::unique("panes")
}

/// Says that a part stands here; `id` is what takes the keyboard.
pub fn register(ui: &Ui, id: Id) {
    let (frame, layer) = (ui.ctx().cumulative_frame_nr(), ui.layer_id());
    ui.data_mut(|data| {
        let panes = data.get_temp_mut_or_default::<Panes>(key());
        if panes.frame != frame {
            panes.frame = frame;
            panes.present.clear();
        }
        panes.present.push((layer, id));
    });
}

/// Lets F6 give the keyboard to the next part of the window in front, Shift+F6 to the one before.
pub fn handle(ctx: &Context) {
    let back = ctx.input_mut(|input| input.consume_key(Modifiers::SHIFT, Key::F6));
    let forth = !back && ctx.input_mut(|input| input.consume_key(Modifiers::NONE, Key::F6));
    if !back && !forth {
        return;
    }
    let top = ctx.memory(|memory| {
        let visible = |layer: &LayerId| layer.order == Order::Middle && memory.areas().is_visible(layer);
        memory.layer_ids().filter(visible).last()
    });
    let panes = ctx.data(|data| data.get_temp::<Panes>(key())).unwrap_or_default();
    let all = &panes.present;
    let of_window: Vec<Id> = all.iter().filter(|(layer, _)| Some(*layer) == top).map(|(_, id)| *id).collect();
    let behind = || all.iter().filter(|(layer, _)| layer.order == Order::Background).map(|(_, id)| *id).collect();
    let parts: Vec<Id> = if of_window.is_empty() { behind() } else { of_window };
    let focused = ctx.memory(|memory| memory.focused());
    let at = focused.and_then(|focused| parts.iter().position(|part| *part == focused));
    let next = match (at, back) {
        (Some(at), false) => (at + 1) % parts.len().max(1),
        (Some(at), true) => (at + parts.len() - 1) % parts.len().max(1),
        (None, false) => 0,
        (None, true) => parts.len().saturating_sub(1),
    };
    if let Some(part) = parts.get(next) {
        ctx.memory_mut(|memory| memory.request_focus(*part));
    }
}
