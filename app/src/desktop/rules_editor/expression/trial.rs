//! An expression evaluated on a real object, part by part.

use std::sync::Arc;

use egui::{RichText, Ui};
use syncline_engine::rules::{Direction, SyncRule};
use syncline_engine::service::{ExpressionObject, ExpressionPart, expression_part};
use syncline_expression::SystemRandom;
use uuid::Uuid;

use super::super::super::context::{Cx, question};
use super::super::super::objects::explain::expression::{PartGrid, PartRow, part_rows};
use super::super::super::theme::Palette;
use super::super::super::widgets::badge::{self, Tone};
use super::super::super::widgets::empty;
use super::super::super::widgets::grid::{Grid, GridState, RowSet};
use super::super::super::widgets::requested::Requested;
use super::super::finder::{Finder, Found};

/// Parts shown without scrolling.
const MOST_PARTS: u64 = 10;

/// What an evaluation gave.
struct Ran {
    error: bool,
    told: String,
    parts: Option<ExpressionPart>,
}

/// State of the trial.
#[derive(Default)]
pub struct Trial {
    finder: Finder,
    /// The object that was asked for.
    asked: Option<Found>,
    object: Requested<Arc<ExpressionObject>>,
    /// The expression that was evaluated, on which object.
    ran: Option<(String, Uuid)>,
    result: Requested<Ran>,
    rows: RowSet<PartRow>,
    state: GridState,
}

impl Trial {
    /// Takes in answers.
    pub fn poll(&mut self) {
        self.finder.poll();
        if self.object.poll() {
            self.ran = None;
        }
        if self.result.poll() {
            let parts = self.result.value().and_then(|ran| ran.parts.as_ref());
            self.rows = parts.map(part_rows).unwrap_or_default();
        }
    }

    /// Draws the trial of an expression of a rule.
    pub fn show(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, rule: &SyncRule, expression: &str) {
        self.finder.show(ui, cx, rule, self.object.is_pending() || self.result.is_pending());
        let chosen = self.finder.chosen().cloned();
        if self.asked != chosen {
            self.rows = RowSet::default();
            self.result.clear();
            self.object.clear();
            if let Some(found) = &chosen {
                self.ask(cx, rule, found);
            }
            self.asked = chosen;
        }
        if self.asked.is_none() {
            return;
        }
        self.evaluate(cx, expression);
        self.verdict(ui, cx, rule);
        if self.rows.total() > 0 {
            Grid::new().rows(MOST_PARTS).situation(cx.situation).show(ui, &PartGrid, &mut self.rows, &mut self.state);
        }
    }

    fn ask(&mut self, cx: &Cx<'_>, rule: &SyncRule, found: &Found) {
        let (guid, dn) = (found.guid, found.about.clone());
        let inbound = rule.direction == Direction::Inbound;
        let connector = cx.connector(rule.connector).map(|connector| connector.name.clone()).unwrap_or_default();
        self.object.ask(
            cx.worker,
            question(cx.backend, move |engine| {
                let object = if inbound {
                    engine.expression_object(&connector, &dn)?
                } else {
                    engine.expression_mv_object(guid, Some(&connector))?
                };
                Ok(Arc::new(object))
            }),
        );
    }

    /// Evaluates again when the expression or the object is another one.
    fn evaluate(&mut self, cx: &Cx<'_>, expression: &str) {
        let (Some(object), Some(chosen)) = (self.object.value(), &self.asked) else { return };
        let wanted = (expression.to_owned(), chosen.guid);
        if self.ran.as_ref() == Some(&wanted) || self.object.is_pending() {
            return;
        }
        let (object, text, now) = (Arc::clone(object), expression.to_owned(), cx.format.now);
        self.ran = Some(wanted);
        self.result.ask(cx.worker, move || Ok(run(&object, &text, now)));
    }

    fn verdict(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, rule: &SyncRule) {
        let palette = Palette::of(ui.style());
        if let Some(error) = self.object.error() {
            empty::failure(ui, error);
        }
        let Some(chosen) = &self.asked else { return };
        ui.horizontal_wrapped(|ui| {
            ui.label(RichText::new("On").weak());
            if ui.link(&chosen.name).on_hover_text(&chosen.about).clicked() {
                cx.send(chosen.open(rule.direction));
            }
            if let Some(ran) = self.result.value().filter(|ran| !ran.error) {
                ui.label(RichText::new("it gives").weak());
                ui.add(egui::Label::new(RichText::new(&ran.told).monospace().color(palette.text_strong)).wrap());
            }
        });
        if let Some(ran) = self.result.value().filter(|ran| ran.error) {
            badge::strip(ui, Tone::Bad, &ran.told, |_| ());
        }
    }
}

/// Evaluates an expression on an object.
fn run(object: &ExpressionObject, text: &str, now: jiff::Timestamp) -> Ran {
    let program = match object.source.compile(text) {
        Ok(program) => program,
        Err(problems) => {
            let told = problems.first().map_or_else(String::new, |problem| problem.message.clone());
            return Ran { error: true, told, parts: None };
        }
    };
    let (result, step) = object.source.trace(&program, now, &SystemRandom);
    let parts = expression_part(&step);
    match result {
        Ok(_) => Ran { error: false, told: parts.results.first().cloned().unwrap_or_default(), parts: Some(parts) },
        Err(error) => Ran { error: true, told: error.message, parts: Some(parts) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syncline_expression::{AttributeKind, SourceObject, Value};

    #[test]
    fn a_trial_tells_the_value_and_what_fails() {
        let text = vec![Value::Text(" Ann ".into())];
        let source = SourceObject::new("object type user").with("givenName", AttributeKind::Text, false, text);
        let object = ExpressionObject { source, lacking: Vec::new(), inbound: true };
        let check = |text: &str, error: bool, told: &str, parts: bool| {
            let ran = run(&object, text, jiff::Timestamp::UNIX_EPOCH);
            assert_eq!((ran.error, ran.parts.is_some()), (error, parts), "{text}: {}", ran.told);
            assert!(ran.told.contains(told), "{text}: {}", ran.told);
        };
        check("Trim([givenName])", false, "\"Ann\"", true);
        check("PCaseX([givenName])", true, "PCaseX", false);
        check("Error(\"not this one\")", true, "not this one", true);
    }
}
