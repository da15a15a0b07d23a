//! Keys of the whole window.

use egui::{Context, Key, KeyboardShortcut, Modifiers};

use super::super::action::{Action, Situation};
use super::super::command::Command;
use super::super::widgets::panes;

/// Turns keys into commands; runs after everything that may take a key for itself.
pub fn handle(ctx: &Context, now: &Situation, commands: &mut Vec<Command>) {
    panes::handle(ctx);
    for action in Action::ALL {
        let Some(shortcut) = action.shortcut() else { continue };
        let mut pressed = ctx.input_mut(|input| input.consume_shortcut(&shortcut));
        if *action == Action::ZoomIn {
            pressed |= ctx.input_mut(|input| input.consume_shortcut(&KeyboardShortcut::new(Modifiers::COMMAND, Key::Equals)));
        }
        if pressed && action.availability(now).is_ok() {
            commands.push(action.command());
        }
    }
}
