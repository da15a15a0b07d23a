//! The Metaverse Search tab: conditions above, objects found below.

mod query_file;
mod query_window;

use egui::{ComboBox, Margin, RichText, ScrollArea, TextEdit, Ui};
use syncline_engine::model::ValueType;
use syncline_engine::service::{MvHit, MvSchemaAttributeView, MvSearch, MvTypeView, SearchClause, SearchOperator};

use super::action::Action;
use super::command::Command;
use super::context::{Cx, question};
use super::format::{count, plural};
use super::settings::Query;
use super::theme;
use super::widgets::badge::{self, Tone};
use super::widgets::grid::{Cell, Column, Grid, GridModel, GridState, Pager, RowKey, SortKey, filter_box};
use super::widgets::{action_ui, empty};
use query_window::QueryWindow;

/// State of the tab.
#[derive(Default)]
pub struct MetaverseSearch {
    /// Type and conditions.
    pub query: Query,
    /// The result list's filter, sort and selection.
    pub grid: GridState,
    hits: Pager<MvHit>,
    asked: Option<MvSearch>,
    query_window: Option<QueryWindow>,
}

impl MetaverseSearch {
    /// Begins with a remembered query and no results.
    #[must_use]
    pub fn new(query: Query) -> Self {
        Self { query, ..Self::default() }
    }

    /// Takes in answers.
    pub fn poll(&mut self, cx: &Cx<'_>) {
        self.hits.poll(cx.worker);
    }

    /// Why the search cannot be made.
    #[must_use]
    pub fn problem(&self, schema: &[MvTypeView]) -> Option<String> {
        self.query.clauses.iter().find_map(|clause| clause_problem(clause, value_type(schema, &clause.attribute)))
    }

    /// Adds a condition.
    pub fn add_clause(&mut self) {
        self.query.clauses.push(SearchClause {
            attribute: "displayName".to_owned(),
            operator: SearchOperator::StartsWith,
            value: String::new(),
        });
    }

    /// Makes the search.
    pub fn search(&mut self, cx: &Cx<'_>) {
        self.asked = Some(MvSearch {
            object_type: self.query.object_type.clone(),
            clauses: self.query.clauses.clone(),
            ..MvSearch::default()
        });
        self.grid.clear_selection();
        self.reload(cx);
    }

    /// Makes the last search again.
    pub fn reload(&mut self, cx: &Cx<'_>) {
        let Some(search) = self.asked.clone() else { return };
        let backend = std::sync::Arc::clone(cx.backend);
        self.hits.ask(cx.worker, move |offset, limit| {
            let search = MvSearch { offset, limit, ..search.clone() };
            question(&backend, move |engine| engine.search_metaverse(&search))()
        });
    }

    /// The selected object.
    #[must_use]
    pub fn selected(&self) -> Option<uuid::Uuid> {
        self.grid.single().map(uuid::Uuid::from_u128)
    }

    /// True when the last search found something.
    #[must_use]
    pub fn has_found(&self) -> bool {
        self.asked.is_some() && self.hits.rows.total() > 0
    }

    /// Opens the window of an action: the query as a file, or the results.
    pub fn act(&mut self, action: Action) {
        match action {
            Action::SaveQuery => self.query_window = Some(QueryWindow::save()),
            Action::LoadQuery => self.query_window = Some(QueryWindow::load()),
            Action::ExportResults => self.grid.export = true,
            _ => {}
        }
    }

    /// Draws the windows beside the tab.
    pub fn windows(&mut self, ctx: &egui::Context, cx: &Cx<'_>, schema: &[MvTypeView]) {
        if let Some(window) = &mut self.query_window
            && !window.show(ctx, cx, schema, &mut self.query)
        {
            self.query_window = None;
        }
    }

    /// Draws the tab.
    pub fn show(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, schema: &[MvTypeView]) {
        theme::card(ui.style()).inner_margin(Margin::symmetric(14, 10)).show(ui, |ui| {
            ui.set_min_width(ui.available_width());
            self.conditions(ui, cx, schema);
        });
        ui.add_space(6.0);
        ui.horizontal(|ui| {
            let text = match (self.asked.is_some(), self.hits.is_loading()) {
                (false, _) => String::new(),
                (true, true) => "Searching...".to_owned(),
                (true, false) => format!("{} found", plural(self.hits.rows.total(), "object")),
            };
            ui.weak(text);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                filter_box(ui, &mut self.grid, &self.hits.rows, false)
            });
        });
        if let Some(error) = self.hits.error() {
            empty::failure(ui, error);
        }
        theme::card(ui.style()).inner_margin(Margin::same(1)).show(ui, |ui| {
            let model = HitGrid { searched: self.asked.is_some() };
            let response = Grid::new().situation(cx.situation).show(ui, &model, &mut self.hits.rows, &mut self.grid);
            if let Some(row) = response.activated.and_then(|position| self.hits.rows.get(position)) {
                cx.send(Command::OpenMvObject(row.guid));
            }
            if let Some((action, position)) = response.action
                && let Some(row) = self.hits.rows.get(position)
            {
                cx.send(match action {
                    Action::CopyId => Command::Copy(row.guid.to_string()),
                    Action::LineageGraph => Command::OpenLineageGraph(row.guid),
                    _ => Command::OpenMvObject(row.guid),
                });
            }
        });
    }

    fn conditions(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, schema: &[MvTypeView]) {
        ui.horizontal(|ui| {
            let label = ui.label("Scope by Object Type");
            let text = self.query.object_type.clone().unwrap_or_else(|| "All".to_owned());
            let combo = ComboBox::from_id_salt("type").selected_text(text).width(150.0).show_ui(ui, |ui| {
                ui.selectable_value(&mut self.query.object_type, None, "All");
                for kind in schema {
                    ui.selectable_value(&mut self.query.object_type, Some(kind.name.clone()), &kind.name);
                }
            });
            combo.response.labelled_by(label.id);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let availability = Action::Search.availability(cx.situation);
                let button = action_ui::primary(ui, availability.is_ok(), "Search")
                    .on_hover_text("List the objects that meet all conditions (Ctrl+Enter)");
                let button = match availability {
                    Err(reason) => button.on_disabled_hover_text(reason),
                    Ok(()) => button,
                };
                if button.clicked() {
                    cx.send(Command::Do(Action::Search));
                }
                if ui
                    .add_enabled(!self.query.clauses.is_empty(), egui::Button::new("Remove All"))
                    .on_hover_text("Remove all conditions")
                    .clicked()
                {
                    self.query.clauses.clear();
                }
                if ui.button("Add Clause").on_hover_text(Action::AddClause.tooltip()).clicked() {
                    self.add_clause();
                }
            });
        });
        if self.query.clauses.is_empty() {
            ui.weak("Without a clause every object of the type is listed.");
            return;
        }
        let names = attribute_names(schema, self.query.object_type.as_deref());
        let mut remove = None;
        ScrollArea::vertical().id_salt("clauses").max_height(150.0).show(ui, |ui| {
            for (index, clause) in self.query.clauses.iter_mut().enumerate() {
                ui.push_id(("clause", index), |ui| {
                    if clause_row(ui, clause, index + 1, &names, schema) {
                        remove = Some(index);
                    }
                });
            }
        });
        if let Some(index) = remove {
            self.query.clauses.remove(index);
        }
    }
}

fn clause_row(ui: &mut Ui, clause: &mut SearchClause, number: usize, names: &[String], schema: &[MvTypeView]) -> bool {
    let mut remove = false;
    ui.horizontal(|ui| {
        let caption = if number == 1 { "Where" } else { "and" };
        ui.add_sized([44.0, 24.0], egui::Label::new(RichText::new(caption).weak()));
        let combo =
            ComboBox::from_id_salt("attribute").selected_text(&clause.attribute).width(210.0).height(360.0).show_ui(ui, |ui| {
                for name in names {
                    ui.selectable_value(&mut clause.attribute, name.clone(), name);
                }
            });
        combo.response.accessible_name(format!("Attribute {number}"));
        let kind = value_type(schema, &clause.attribute);
        let operators = operators(kind);
        if !operators.contains(&clause.operator) {
            clause.operator = operators.first().copied().unwrap_or(SearchOperator::IsPresent);
        }
        let combo = ComboBox::from_id_salt("operator").selected_text(clause.operator.label()).width(150.0).show_ui(ui, |ui| {
            for operator in operators {
                ui.selectable_value(&mut clause.operator, *operator, operator.label());
            }
        });
        combo.response.accessible_name(format!("Operator {number}"));
        if !matches!(clause.operator, SearchOperator::IsPresent | SearchOperator::IsNotPresent) {
            value_editor(ui, clause, number, kind);
        }
        remove = ui.button("Remove").on_hover_text("Remove this condition").clicked();
        if let Some(problem) = clause_problem(clause, kind).filter(|_| !clause.value.is_empty()) {
            badge::chip(ui, &problem, Tone::Bad);
        }
    });
    remove
}

fn value_editor(ui: &mut Ui, clause: &mut SearchClause, number: usize, kind: ValueType) {
    let name = format!("Value {number}");
    if kind == ValueType::Boolean {
        if !matches!(clause.value.as_str(), "True" | "False") {
            "True".clone_into(&mut clause.value);
        }
        let combo = ComboBox::from_id_salt("value").selected_text(clause.value.clone()).width(120.0).show_ui(ui, |ui| {
            for value in ["True", "False"] {
                ui.selectable_value(&mut clause.value, value.to_owned(), value);
            }
        });
        combo.response.accessible_name(name);
        return;
    }
    ui.add(TextEdit::singleline(&mut clause.value).hint_text("Value").desired_width(230.0).id_salt("value"))
        .accessible_name(name);
}

/// The operators for values of a type.
fn operators(kind: ValueType) -> &'static [SearchOperator] {
    use SearchOperator as O;
    match kind {
        ValueType::String => &[O::Equals, O::Contains, O::NotContains, O::StartsWith, O::EndsWith, O::IsPresent, O::IsNotPresent],
        ValueType::Integer | ValueType::Boolean | ValueType::Binary => &[O::Equals, O::IsPresent, O::IsNotPresent],
        ValueType::Reference => &[O::IsPresent, O::IsNotPresent],
    }
}

fn clause_problem(clause: &SearchClause, kind: ValueType) -> Option<String> {
    if matches!(clause.operator, SearchOperator::IsPresent | SearchOperator::IsNotPresent) {
        return None;
    }
    if clause.value.is_empty() {
        return Some(format!("Enter a value for {}", clause.attribute));
    }
    match kind {
        ValueType::Integer if clause.value.trim().parse::<i64>().is_err() => Some("Enter a whole number".to_owned()),
        ValueType::String if clause.value.chars().count() > 448 => Some("Enter at most 448 characters".to_owned()),
        _ => None,
    }
}

fn attribute<'a>(schema: &'a [MvTypeView], name: &str) -> Option<&'a MvSchemaAttributeView> {
    schema.iter().flat_map(|kind| &kind.attributes).find(|attribute| attribute.name == name)
}

fn value_type(schema: &[MvTypeView], name: &str) -> ValueType {
    attribute(schema, name).map_or(ValueType::String, |attribute| attribute.value_type)
}

fn attribute_names(schema: &[MvTypeView], object_type: Option<&str>) -> Vec<String> {
    let mut names: Vec<String> = schema
        .iter()
        .filter(|kind| object_type.is_none_or(|wanted| wanted == kind.name))
        .flat_map(|kind| kind.attributes.iter().map(|attribute| attribute.name.clone()))
        .collect();
    names.sort_by_key(|name| name.to_lowercase());
    names.dedup();
    names
}

struct HitGrid {
    searched: bool,
}

const COLUMNS: [Column; 6] = [
    Column::text("displayName", 220.0),
    Column::short("Object Type", 100.0),
    Column::text("accountName", 140.0),
    Column::text("userPrincipalName", 240.0),
    Column::text("mail", 220.0),
    Column::number("Connectors", 96.0),
];

impl GridModel for HitGrid {
    type Row = MvHit;

    fn name(&self) -> &'static str {
        "Metaverse objects"
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn key(&self, row: &MvHit) -> RowKey {
        row.guid.as_u128()
    }

    fn row_name(&self, row: &MvHit) -> String {
        format!("MV {}", self.text(row, 0))
    }

    fn text(&self, row: &MvHit, column: usize) -> String {
        match (column, COLUMNS.get(column)) {
            (0, _) => {
                if row.display_name.is_empty() {
                    row.guid.to_string()
                } else {
                    row.display_name.clone()
                }
            }
            (1, _) => row.object_type.clone(),
            (5, _) => count(row.connectors),
            (_, Some(column)) => row.attributes.get(column.title).cloned().unwrap_or_default(),
            (_, None) => String::new(),
        }
    }

    fn cell(&self, _row: &MvHit, column: usize) -> Cell {
        if column == 0 { Cell::Strong } else { Cell::Text }
    }

    fn sort_key(&self, row: &MvHit, column: usize) -> SortKey {
        if column == 5 { SortKey::Number(row.connectors.into()) } else { SortKey::Text(self.text(row, column).to_lowercase()) }
    }

    fn actions(&self) -> &[Action] {
        &[Action::ObjectProperties, Action::LineageGraph, Action::CopyId]
    }

    fn empty_text(&self) -> &'static str {
        if self.searched { "No object meets all conditions." } else { "Click Search to list objects." }
    }
}

/// The columns of the result list, for the column choice.
#[must_use]
pub fn columns() -> (&'static str, &'static [Column]) {
    ("Metaverse objects", &COLUMNS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_follow_the_type() {
        let labels = |kind| operators(kind).iter().map(|operator| operator.label()).collect::<Vec<_>>();
        assert_eq!(labels(ValueType::Boolean), ["Equals", "Is present", "Is not present"]);
        assert_eq!(labels(ValueType::Reference), ["Is present", "Is not present"]);
        assert_eq!(labels(ValueType::String).len(), 7);
    }

    #[test]
    fn a_clause_without_a_fitting_value_is_a_problem() {
        let clause = |operator, value: &str| SearchClause { attribute: "x".into(), operator, value: value.into() };
        let check = |operator, value, kind, expected: Option<&str>| {
            assert_eq!(clause_problem(&clause(operator, value), kind).as_deref(), expected)
        };
        check(SearchOperator::Equals, "12", ValueType::Integer, None);
        check(SearchOperator::Equals, "twelve", ValueType::Integer, Some("Enter a whole number"));
        check(SearchOperator::Equals, "", ValueType::String, Some("Enter a value for x"));
        check(SearchOperator::IsPresent, "", ValueType::String, None);
    }
}
