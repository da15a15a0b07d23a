//! The Metaverse Search tab: conditions above, objects found below.

mod query_file;
mod query_window;

use std::collections::BTreeSet;

use egui::{ComboBox, Margin, Ui};
use syncline_engine::model::ValueType;
use syncline_engine::service::{MvHit, MvSchemaAttributeView, MvSearch, MvTypeView, SearchClause, SearchOperator};

use super::action::Action;
use super::command::{Command, Comparison};
use super::context::{Cx, question};
use super::format::{count, plural};
use super::settings::Query;
use super::theme;
use super::widgets::ends::ends;
use super::widgets::grid::{
    Cell, Column, Grid, GridModel, GridState, Listing, Pager, RowKey, SortBy, SortKey, attribute_columns, attributes_shown,
    filter_box, is_reversed,
};
use super::widgets::{action_ui, clauses, empty};
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
    /// What the present rows were asked with.
    listing: Listing,
    /// The objects found are more than the list filters by itself.
    long: bool,
    columns: Vec<Column>,
    /// Attributes that the columns were made from.
    attributes: usize,
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
        if self.hits.poll(cx.worker) && self.listing.text.is_empty() {
            self.long = self.hits.rows.is_long();
        }
    }

    /// Asks again when filter, order or columns of the list are others than the rows were asked with.
    fn list_again(&mut self, cx: &Cx<'_>, listing: Listing) {
        if listing != self.listing && !self.hits.is_loading() {
            self.listing = listing;
            self.grid.engine_filters = self.long;
            self.reload(cx);
        }
    }

    /// Why the search cannot be made.
    #[must_use]
    pub fn problem(&self, schema: &[MvTypeView]) -> Option<String> {
        self.query.clauses.iter().find_map(|clause| clauses::problem(clause, value_type(schema, &clause.attribute)))
    }

    /// Adds a condition.
    pub fn add_clause(&mut self) {
        self.query.clauses.push(SearchClause {
            attribute: "displayName".to_owned(),
            operator: SearchOperator::StartsWith,
            value: String::new(),
        });
    }

    /// Searches all objects that meet one condition.
    pub fn search_for(&mut self, cx: &Cx<'_>, clause: SearchClause) {
        self.query = Query { clauses: vec![clause], ..Query::default() };
        self.grid.filter.clear();
        self.search(cx);
    }

    /// Makes the search.
    pub fn search(&mut self, cx: &Cx<'_>) {
        self.asked = Some(MvSearch {
            object_type: self.query.object_type.clone(),
            clauses: self.query.clauses.clone(),
            any: self.query.any,
            case_sensitive: self.query.case_sensitive,
            ..MvSearch::default()
        });
        self.long = false;
        self.grid.engine_filters = false;
        self.listing.text.clear();
        self.grid.clear_selection();
        self.reload(cx);
    }

    /// Makes the last search again.
    pub fn reload(&mut self, cx: &Cx<'_>) {
        let Some(search) = self.asked.clone() else { return };
        let listing = self.listing.clone();
        let backend = std::sync::Arc::clone(cx.backend);
        self.hits.ask(cx.worker, move |offset, limit| {
            let Listing { text, reversed, attributes: columns } = listing.clone();
            let search = MvSearch { text, reversed, columns, offset, limit, ..search.clone() };
            question(&backend, move |engine| engine.search_metaverse(&search))()
        });
    }

    /// True while objects are on their way.
    #[must_use]
    pub fn is_searching(&self) -> bool {
        self.hits.is_loading()
    }

    /// Waits no longer for objects.
    pub fn stop(&mut self) {
        self.hits.stop();
    }

    /// The selected object.
    #[must_use]
    pub fn selected(&self) -> Option<uuid::Uuid> {
        self.grid.single().map(uuid::Uuid::from_u128)
    }

    /// The objects to compare: the two that are selected, in the order of the list, or one with another to be chosen.
    #[must_use]
    pub fn comparison(&self) -> Option<Comparison> {
        let rows = self.hits.rows.iter().map(|(_, row)| row.guid);
        let mut selected = rows.filter(|guid| self.grid.selected.contains(&guid.as_u128()));
        Some(Comparison { first: selected.next()?, second: selected.next() })
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
        self.arrange_columns(schema);
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
            let conditions = self.asked.as_ref().map(|asked| !asked.clauses.is_empty());
            let model = HitGrid { conditions, columns: &self.columns };
            let response = Grid::new().situation(cx.situation).show(ui, &model, &mut self.hits.rows, &mut self.grid);
            let listing = Listing {
                text: if self.long { self.grid.filter.clone() } else { String::new() },
                reversed: is_reversed(&model, &self.hits.rows, &self.grid.sort),
                attributes: attributes_shown(ui.ctx(), model.name(), &self.columns, COLUMNS.len()),
            };
            if let Some(row) = response.activated.and_then(|position| self.hits.rows.get(position)) {
                cx.send(Command::OpenMvObject(row.guid));
            }
            if let Some((action, position)) = response.action
                && let Some(row) = self.hits.rows.get(position)
            {
                cx.send(match action {
                    Action::CopyId => Command::Copy(row.guid.to_string()),
                    Action::LineageGraph => Command::OpenLineageGraph(row.guid),
                    Action::CompareObjects => Command::Do(action),
                    _ => Command::OpenMvObject(row.guid),
                });
            }
            self.list_again(cx, listing);
        });
    }

    /// Every attribute of the metaverse can be a column.
    fn arrange_columns(&mut self, schema: &[MvTypeView]) {
        let attributes = schema.iter().map(|kind| kind.attributes.len()).sum();
        if self.attributes != attributes || self.columns.is_empty() {
            let all = schema.iter().flat_map(|kind| &kind.attributes);
            let names: BTreeSet<&str> = all
                .filter(|attribute| attribute.value_type != ValueType::Reference)
                .map(|attribute| attribute.name.as_str())
                .collect();
            self.columns = attribute_columns(&COLUMNS, names.into_iter());
            self.attributes = attributes;
        }
    }

    fn conditions(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, schema: &[MvTypeView]) {
        let availability = Action::Search.availability(cx.situation);
        let bare = self.query.clauses.is_empty();
        let (mut search, mut remove_all, mut add) = (false, false, false);
        let query = &mut self.query;
        ends(
            ui,
            725.0,
            |ui| scope_and_collation(ui, query, schema),
            |ui| {
                let button = action_ui::primary(ui, availability.is_ok(), "Search")
                    .on_hover_text("List the objects that meet all conditions (Ctrl+Enter)");
                let button = match availability {
                    Err(reason) => button.on_disabled_hover_text(reason),
                    Ok(()) => button,
                };
                search = button.clicked();
                let all = ui.add_enabled(!bare, egui::Button::new("Remove All")).on_hover_text("Remove all conditions");
                remove_all = all.on_disabled_hover_text("There is no condition").clicked();
                add = ui.button("Add Clause").on_hover_text(Action::AddClause.tooltip()).clicked();
            },
        );
        if search {
            cx.send(Command::Do(Action::Search));
        }
        if remove_all {
            self.query.clauses.clear();
        }
        if add {
            self.add_clause();
        }
        if self.query.clauses.is_empty() {
            ui.weak("Without a clause every object of the type is listed.");
            return;
        }
        let names = attribute_names(schema, self.query.object_type.as_deref());
        let query = &mut self.query;
        clauses::show(ui, &mut query.clauses, &mut query.any, &names, |name| value_type(schema, name));
    }
}

/// The type searched and how texts are compared.
fn scope_and_collation(ui: &mut Ui, query: &mut Query, schema: &[MvTypeView]) {
    let label = ui.label("Scope by Object Type");
    let text = query.object_type.clone().unwrap_or_else(|| "All".to_owned());
    let combo = ComboBox::from_id_salt("type").selected_text(text).width(112.0).show_ui(ui, |ui| {
        ui.selectable_value(&mut query.object_type, None, "All");
        for kind in schema {
            ui.selectable_value(&mut query.object_type, Some(kind.name.clone()), &kind.name);
        }
    });
    combo.response.labelled_by(label.id);
    let label = ui.label("Collation");
    let combo = ComboBox::from_id_salt("collation").selected_text(collation(query.case_sensitive)).width(112.0);
    let combo = combo.show_ui(ui, |ui| {
        for (exact, about) in [
            (false, "Large and small letters are the same; letters with and without accents are not."),
            (true, "Texts are compared letter by letter as they are written."),
        ] {
            ui.selectable_value(&mut query.case_sensitive, exact, collation(exact)).on_hover_text(about);
        }
    });
    combo.response.labelled_by(label.id);
}

fn collation(case_sensitive: bool) -> &'static str {
    if case_sensitive { "Case-sensitive" } else { "Default" }
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

struct HitGrid<'a> {
    /// Whether the search had conditions; absent before the first one.
    conditions: Option<bool>,
    columns: &'a [Column],
}

/// The columns of every list; other attributes stand behind them.
const COLUMNS: [Column; 6] = [
    Column::text("displayName", 220.0),
    Column::short("Object Type", 100.0),
    Column::text("accountName", 140.0),
    Column::text("userPrincipalName", 240.0),
    Column::text("mail", 220.0),
    Column::number("Connectors", 96.0),
];

impl GridModel for HitGrid<'_> {
    type Row = MvHit;

    fn name(&self) -> &'static str {
        "Metaverse objects"
    }

    fn columns(&self) -> &[Column] {
        self.columns
    }

    fn key(&self, row: &MvHit) -> RowKey {
        row.guid.as_u128()
    }

    fn row_name(&self, row: &MvHit) -> String {
        format!("MV {}", self.text(row, 0))
    }

    fn text(&self, row: &MvHit, column: usize) -> String {
        match (column, self.columns.get(column)) {
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

    fn engine_order(&self) -> &[SortBy] {
        const BY_NAME: [SortBy; 1] = [SortBy { column: 0, descending: false }];
        &BY_NAME
    }

    fn actions(&self) -> &[Action] {
        &[Action::ObjectProperties, Action::LineageGraph, Action::CompareObjects, Action::CopyId]
    }

    fn empty_text(&self) -> &'static str {
        match self.conditions {
            None => "Click Search to list objects.",
            Some(true) => "No object meets the conditions.",
            Some(false) => "The metaverse holds no such object yet; synchronizations make them.",
        }
    }
}
