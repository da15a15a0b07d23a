//! Two metaverse objects beside each other, attribute by attribute; the differences first.

use std::collections::{BTreeMap, BTreeSet};

use egui::{RichText, Ui};
use syncline_engine::service::{MvAttributeView, MvObjectView};
use uuid::Uuid;

use super::super::action::Action;
use super::super::command::{Command, Comparison};
use super::super::context::{Cx, question};
use super::super::format::plural;
use super::super::theme::Palette;
use super::super::widgets::diff;
use super::super::widgets::grid::{Cell, Column, Grid, GridModel, GridState, RowKey, RowSet, SortKey, filter_box};
use super::super::widgets::requested::Requested;
use super::super::widgets::{action_ui, button_bar, empty, facts};
use super::candidates::Candidates;

/// State of the window.
pub struct Compare {
    which: Comparison,
    objects: Requested<(MvObjectView, MvObjectView)>,
    first: Requested<MvObjectView>,
    differences_only: bool,
    rows: RowSet<Row>,
    state: GridState,
    /// Attributes that differ.
    differing: u64,
    candidates: Candidates,
}

/// One value of one attribute in both objects.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    index: usize,
    attribute: String,
    value_type: &'static str,
    first: String,
    second: String,
    connectors: (String, String),
}

impl Row {
    /// What is different, in words.
    fn difference(&self) -> &'static str {
        match (self.first.is_empty(), self.second.is_empty()) {
            _ if self.first == self.second => "same",
            (false, true) => "only first",
            (true, false) => "only second",
            _ => "different",
        }
    }
}

impl Compare {
    /// Opens on one object, to which another one is chosen, or on two.
    #[must_use]
    pub fn new(cx: &Cx<'_>, which: Comparison) -> Self {
        let mut window = Self {
            candidates: Candidates::new(String::new(), Some(which.first)),
            which,
            objects: Requested::default(),
            first: Requested::default(),
            differences_only: false,
            rows: RowSet::default(),
            state: GridState::default(),
            differing: 0,
        };
        window.reload(cx);
        window
    }

    /// The objects compared.
    #[must_use]
    pub fn which(&self) -> &Comparison {
        &self.which
    }

    /// Asks for the objects again.
    pub fn reload(&mut self, cx: &Cx<'_>) {
        let first = self.which.first;
        match self.which.second {
            Some(second) => {
                let both = question(cx.backend, move |engine| Ok((engine.mv_object(first)?, engine.mv_object(second)?)));
                self.objects.ask(cx.worker, both);
            }
            None => self.first.ask(cx.worker, question(cx.backend, move |engine| engine.mv_object(first))),
        }
    }

    /// Title of the window.
    #[must_use]
    pub fn title(&self) -> String {
        match (self.objects.value(), self.first.value()) {
            (Some((first, second)), _) => format!("Compare - {} and {}", name(first), name(second)),
            (None, Some(first)) => format!("Compare - {}", name(first)),
            (None, None) => "Compare".to_owned(),
        }
    }

    /// Takes in answers.
    pub fn poll(&mut self) {
        self.first.poll();
        if self.objects.poll() {
            self.fill();
        }
        self.candidates.poll();
    }

    fn fill(&mut self) {
        let Some((first, second)) = self.objects.value() else { return };
        let differing: BTreeSet<String> = rows(first, second, true).into_iter().map(|row| row.attribute).collect();
        self.differing = differing.len() as u64;
        self.rows = RowSet::new(rows(first, second, self.differences_only));
    }

    /// Draws the contents; true when the window shall close.
    pub fn show(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> bool {
        let mut chosen = None;
        let pressed = button_bar::close_or_refresh(ui, |ui| {
            if self.which.second.is_none() {
                let candidate = self.candidates.chosen();
                let button = action_ui::primary(ui, candidate.is_some(), "Compare");
                if button.on_disabled_hover_text("Select the other object first").clicked() {
                    chosen = candidate;
                }
            } else if ui.button("Compare with Another...").clicked() {
                self.which.second = None;
                self.objects.clear();
                self.reload(cx);
            }
        });
        if pressed.refresh {
            self.reload(cx);
        }
        egui::CentralPanel::no_frame().show(ui, |ui| {
            if self.which.second.is_some() {
                self.comparison(ui, cx);
            } else {
                chosen = chosen.or(self.choose(ui, cx));
            }
        });
        if chosen.is_some() {
            self.which.second = chosen;
            self.reload(cx);
        }
        pressed.close
    }

    /// Lets the person choose the other object.
    fn choose(&mut self, ui: &mut Ui, cx: &Cx<'_>) -> Option<Uuid> {
        let first = empty::value(ui, &self.first)?;
        ui.label(format!("Choose the object that {} is compared with.", name(first)));
        ui.add_space(4.0);
        self.candidates.search(ui, cx);
        self.candidates.list(ui, cx)
    }

    fn comparison(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let Some((first, second)) = empty::value(ui, &self.objects) else { return };
        let mut open = None;
        ui.horizontal_wrapped(|ui| {
            for (caption, object) in [("First", first), ("Second", second)] {
                ui.weak(caption);
                if ui.link(RichText::new(name(object)).size(15.0)).on_hover_text("Open the object").clicked() {
                    open = Some(object.hit.guid);
                }
                ui.weak(&object.hit.object_type);
                ui.add_space(14.0);
            }
        });
        if let Some(guid) = open {
            cx.send(Command::OpenMvObject(guid));
        }
        let mut refill = false;
        ui.horizontal(|ui| {
            let text = if self.differing == 0 {
                "No difference".to_owned()
            } else {
                format!("{} with differences", plural(self.differing, "attribute"))
            };
            facts::section(ui, &text);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                filter_box(ui, &mut self.state, &self.rows, false);
                refill = ui.checkbox(&mut self.differences_only, "Differences only").changed();
            });
        });
        let model = ComparisonGrid { palette: Palette::of(ui.style()) };
        let response = Grid::new().situation(cx.situation).show(ui, &model, &mut self.rows, &mut self.state);
        if let Some((Action::CopyValue, position)) = response.action
            && let Some(row) = self.rows.get(position)
        {
            cx.send(Command::Copy(if row.first.is_empty() { row.second.clone() } else { row.first.clone() }));
        }
        if refill {
            self.fill();
        }
    }
}

fn name(object: &MvObjectView) -> String {
    let shown = &object.hit.display_name;
    if shown.is_empty() { object.hit.guid.to_string() } else { shown.clone() }
}

/// The values of both objects: attributes that differ first, then by name; of each, what differs first.
fn rows(first: &MvObjectView, second: &MvObjectView, differences_only: bool) -> Vec<Row> {
    let by_name = |object: &MvObjectView| -> BTreeMap<String, MvAttributeView> {
        object.attribute_details.iter().map(|attribute| (attribute.name.to_lowercase(), attribute.clone())).collect()
    };
    let (ours, theirs) = (by_name(first), by_name(second));
    let names: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    let mut attributes: Vec<(bool, Vec<Row>)> = Vec::new();
    for key in names {
        let lines = attribute_rows(ours.get(key), theirs.get(key));
        attributes.push((lines.iter().all(|row| row.difference() == "same"), lines));
    }
    attributes.sort_by_key(|(same, _)| *same);
    let mut rows: Vec<Row> = attributes
        .into_iter()
        .flat_map(|(_, lines)| lines)
        .filter(|row| !differences_only || row.difference() != "same")
        .collect();
    for (index, row) in rows.iter_mut().enumerate() {
        row.index = index;
    }
    rows
}

fn attribute_rows(first: Option<&MvAttributeView>, second: Option<&MvAttributeView>) -> Vec<Row> {
    let Some(known) = first.or(second) else { return Vec::new() };
    let texts = |side: Option<&MvAttributeView>| -> Vec<String> {
        side.map(|side| side.values.iter().map(|value| value.text.clone()).collect()).unwrap_or_default()
    };
    let connector = |side: Option<&MvAttributeView>, value: &str| {
        side.filter(|_| !value.is_empty()).map(|side| side.connector.clone()).unwrap_or_default()
    };
    let row = |ours: &str, theirs: &str| Row {
        index: 0,
        attribute: known.name.clone(),
        value_type: known.value_type.word(),
        connectors: (connector(first, ours), connector(second, theirs)),
        first: ours.to_owned(),
        second: theirs.to_owned(),
    };
    let (ours, theirs) = (texts(first), texts(second));
    if let ([ours], [theirs]) = (ours.as_slice(), theirs.as_slice()) {
        return vec![row(ours, theirs)];
    }
    let mut rows: Vec<Row> = ours.iter().filter(|value| !theirs.contains(value)).map(|value| row(value, "")).collect();
    rows.extend(theirs.iter().filter(|value| !ours.contains(value)).map(|value| row("", value)));
    rows.extend(ours.iter().filter(|value| theirs.contains(value)).map(|value| row(value, value)));
    let more = |side: Option<&MvAttributeView>| side.map_or(0, |side| side.count.saturating_sub(side.values.len() as u64));
    let (ours, theirs) = (more(first), more(second));
    if ours + theirs > 0 {
        let told = |more: u64| if more > 0 { format!("... and {more} more values") } else { String::new() };
        rows.push(row(&told(ours), &told(theirs)));
    }
    rows
}

struct ComparisonGrid {
    palette: &'static Palette,
}

const COLUMNS: [Column; 7] = [
    Column::short("Difference", 104.0),
    Column::text("Attribute Name", 180.0),
    Column::short("Type", 78.0),
    Column::text("First Object", 240.0),
    Column::text("Second Object", 260.0),
    Column::text("First Contributor", 170.0),
    Column::text("Second Contributor", 170.0),
];

impl GridModel for ComparisonGrid {
    type Row = Row;

    fn name(&self) -> &'static str {
        "Compared attributes"
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn key(&self, row: &Row) -> RowKey {
        row.index as RowKey
    }

    fn row_name(&self, row: &Row) -> String {
        match row.difference() {
            "same" => format!("{}: {}", row.attribute, row.first),
            difference => format!("{}: {} | {} ({difference})", row.attribute, row.first, row.second),
        }
    }

    fn text(&self, row: &Row, column: usize) -> String {
        match column {
            0 => row.difference().to_owned(),
            1 => row.attribute.clone(),
            2 => row.value_type.to_owned(),
            3 => row.first.clone(),
            4 => row.second.clone(),
            5 => row.connectors.0.clone(),
            _ => row.connectors.1.clone(),
        }
    }

    fn cell(&self, row: &Row, column: usize) -> Cell {
        match (column, row.difference()) {
            (0, "same") => Cell::Weak,
            (0, "only first") => Cell::Tagged("-", self.palette.bad),
            (0, "only second") => Cell::Tagged("+", self.palette.good),
            (0, _) => Cell::Tagged("~", self.palette.warn),
            (1, _) => Cell::Strong,
            (2, _) => Cell::Weak,
            (4, "different") => {
                let pieces = diff::words(&row.first, &row.second);
                // The first value stands in its own column; it is repeated only where that shows what both share.
                let shares = pieces.iter().any(|piece| piece.change == diff::Change::Same);
                if shares { Cell::Diff(pieces) } else { Cell::Text }
            }
            _ => Cell::Text,
        }
    }

    fn sort_key(&self, row: &Row, column: usize) -> SortKey {
        SortKey::Text(self.text(row, column).to_lowercase())
    }

    fn actions(&self) -> &[Action] {
        &[Action::CopyValue]
    }

    fn empty_text(&self) -> &'static str {
        "No attribute to show. Clear the filter or Differences only."
    }
}

#[cfg(test)]
mod tests {
    use syncline_engine::model::ValueType;
    use syncline_engine::service::ValueView;

    use super::*;

    fn attribute(values: &[&str]) -> MvAttributeView {
        MvAttributeView {
            name: "mail".into(),
            value_type: ValueType::String,
            values: values
                .iter()
                .map(|text| ValueView { text: (*text).into(), cs_target: None, mv_target: None, change: None })
                .collect(),
            count: values.len() as u64,
            connector: "contoso.com".into(),
            cs_guid: None,
            rule: String::new(),
            rule_guid: None,
            time: None,
        }
    }

    #[test]
    fn values_stand_beside_each_other() {
        let check = |first: Option<&[&str]>, second: Option<&[&str]>, expected: &[(&str, &str, &str)]| {
            let (first, second) = (first.map(attribute), second.map(attribute));
            let rows = attribute_rows(first.as_ref(), second.as_ref());
            let told: Vec<_> = rows.iter().map(|row| (row.difference(), row.first.as_str(), row.second.as_str())).collect();
            assert_eq!(told, expected);
        };
        check(Some(&["a"]), Some(&["a"]), &[("same", "a", "a")]);
        check(Some(&["a"]), Some(&["b"]), &[("different", "a", "b")]);
        check(Some(&["a"]), None, &[("only first", "a", "")]);
        check(None, Some(&["a", "b"]), &[("only second", "", "a"), ("only second", "", "b")]);
        check(Some(&["a", "b"]), Some(&["c", "b"]), &[("only first", "a", ""), ("only second", "", "c"), ("same", "b", "b")]);
    }
}
