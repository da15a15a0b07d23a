//! The Search Connector Space window.

use std::collections::BTreeSet;

use egui::{ComboBox, Id, Key, Modifiers, TextEdit, Ui};
use syncline_engine::model::{ConnectorId, ObjectOperation, ValueType};
use syncline_engine::service::{
    CsConditions, CsHit, CsScope, CsSearch, LinkState, OperationFilter, SearchClause, SearchOperator,
};
use uuid::Uuid;

use super::super::action::Action;
use super::super::command::{BatchStart, ByHandStart, Command, NameInConnector};
use super::super::context::{Cx, question};
use super::super::format::plural;
use super::super::widgets::ends::ends;
use super::super::widgets::grid::{
    Cell, Column, Grid, GridModel, GridState, Listing, Pager, RowKey, SortBy, attribute_columns, attributes_shown, filter_box,
    is_reversed,
};
use super::super::widgets::requested::Requested;
use super::super::widgets::{action_ui, button_bar, clauses, empty};
use super::cs_object::{first_rdn, truth};
use super::is_on_top;
use super::validate::BUTTON;

/// The scopes of the combo box, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    SubTree,
    Rdn,
    DnOrAnchor,
    PendingImport,
    PendingExport,
    ImportError,
    ExportError,
    Connector,
    Disconnector,
    AwaitingConfirmation,
    DisconnectedSince,
    Placeholder,
    All,
}

const SCOPES: [(Scope, &str); 13] = [
    (Scope::SubTree, "Sub-Tree"),
    (Scope::Rdn, "RDN"),
    (Scope::DnOrAnchor, "DN or Anchor"),
    (Scope::PendingImport, "Pending Import"),
    (Scope::PendingExport, "Pending Export"),
    (Scope::ImportError, "Import Error"),
    (Scope::ExportError, "Export Error"),
    (Scope::Connector, "Connector"),
    (Scope::Disconnector, "Disconnector"),
    (Scope::AwaitingConfirmation, "Awaiting Export Confirmation"),
    (Scope::DisconnectedSince, "Disconnected Since"),
    (Scope::Placeholder, "Placeholder"),
    (Scope::All, "All"),
];

/// State of the window.
pub struct SearchCs {
    connector: ConnectorId,
    name: String,
    scope: Scope,
    dn: String,
    include_base: bool,
    rdn: String,
    anchor: String,
    operations: OperationFilter,
    clauses: Vec<SearchClause>,
    any: bool,
    /// Attributes that conditions and columns can be about.
    attributes: Requested<Vec<(String, ValueType)>>,
    /// Who joined or disconnected; all when absent.
    link: Option<LinkState>,
    since: String,
    hits: Pager<CsHit>,
    state: GridState,
    /// What the present rows were asked with.
    asked: Listing,
    columns: Vec<Column>,
    last: Option<(CsScope, CsConditions)>,
    chosen: Chosen,
    /// The scope chosen last for the connector is still to be taken over.
    remembers: bool,
    clock: Stopwatch,
}

/// How long a search took, by the clock of the window.
#[derive(Clone, Copy, Debug, Default)]
struct Stopwatch {
    started: Option<f64>,
    seconds: Option<f64>,
}

impl Stopwatch {
    fn tick(&mut self, now: f64, loading: bool) {
        let started = *self.started.get_or_insert(now);
        if !loading {
            self.seconds.get_or_insert(now - started);
        }
    }
}

/// The selected objects, and what they were worked out from.
#[derive(Default)]
struct Chosen {
    version: u64,
    keys: BTreeSet<RowKey>,
    rows: Vec<CsHit>,
}

impl SearchCs {
    /// Opens on a connector; with a scope it searches at once.
    #[must_use]
    pub fn new(cx: &Cx<'_>, connector: ConnectorId, scope: Option<CsScope>) -> Self {
        let summary = cx.connector(connector);
        let mut window = Self {
            connector,
            name: summary.map(|summary| summary.name.clone()).unwrap_or_default(),
            scope: Scope::SubTree,
            dn: summary.and_then(|summary| summary.partitions.first().cloned()).unwrap_or_default(),
            include_base: true,
            rdn: String::new(),
            anchor: String::new(),
            operations: OperationFilter::ALL,
            clauses: Vec::new(),
            any: false,
            attributes: Requested::default(),
            link: None,
            since: cx.format.time(cx.format.now),
            hits: Pager::default(),
            state: GridState::filtered_by_engine(),
            asked: Listing::default(),
            columns: COLUMNS.to_vec(),
            last: None,
            chosen: Chosen::default(),
            remembers: scope.is_none(),
            clock: Stopwatch::default(),
        };
        window.ask_attributes(cx);
        if let Some(scope) = scope {
            window.adopt(cx, scope);
            window.search(cx);
        }
        window
    }

    fn adopt(&mut self, cx: &Cx<'_>, scope: CsScope) {
        self.scope = match scope {
            CsScope::All => Scope::All,
            CsScope::SubTree { dn, include_base } => {
                self.dn = dn;
                self.include_base = include_base;
                Scope::SubTree
            }
            CsScope::Rdn(rdn) => {
                self.rdn = rdn;
                Scope::Rdn
            }
            CsScope::DnOrAnchor(anchor) => {
                self.anchor = anchor;
                Scope::DnOrAnchor
            }
            CsScope::PendingImport(operations) => {
                self.operations = operations;
                Scope::PendingImport
            }
            CsScope::PendingExport(operations) => {
                self.operations = operations;
                Scope::PendingExport
            }
            CsScope::ImportError => Scope::ImportError,
            CsScope::ExportError => Scope::ExportError,
            CsScope::Connector => Scope::Connector,
            CsScope::Disconnector => Scope::Disconnector,
            CsScope::InState { connector, state } => {
                self.link = Some(state);
                if connector { Scope::Connector } else { Scope::Disconnector }
            }
            CsScope::AwaitingConfirmation => Scope::AwaitingConfirmation,
            CsScope::DisconnectedSince(since) => {
                self.since = cx.format.time(since);
                Scope::DisconnectedSince
            }
            CsScope::Placeholder => Scope::Placeholder,
        };
    }

    /// The connector searched.
    #[must_use]
    pub fn connector(&self) -> ConnectorId {
        self.connector
    }

    /// Title of the window.
    #[must_use]
    pub fn title(&self) -> String {
        format!("Search Connector Space - {}", self.name)
    }

    /// The scope as the fields say, or what is wrong with them.
    fn wanted(&self, cx: &Cx<'_>) -> Result<CsScope, String> {
        let filled = |text: &str, what: &str| {
            if text.trim().is_empty() { Err(format!("Enter {what}")) } else { Ok(text.trim().to_owned()) }
        };
        let some = |operations: OperationFilter| {
            if operations.add || operations.modify || operations.delete {
                Ok(operations)
            } else {
                Err("Check at least one of Add, Modify and Delete".to_owned())
            }
        };
        Ok(match self.scope {
            Scope::SubTree => CsScope::SubTree { dn: self.dn.trim().to_owned(), include_base: self.include_base },
            Scope::Rdn => CsScope::Rdn(filled(&self.rdn, "a relative name, such as CN=Ada or Ada*")?),
            Scope::DnOrAnchor => CsScope::DnOrAnchor(filled(&self.anchor, "a distinguished name, an anchor or a GUID")?),
            Scope::PendingImport => CsScope::PendingImport(some(self.operations)?),
            Scope::PendingExport => CsScope::PendingExport(some(self.operations)?),
            Scope::ImportError => CsScope::ImportError,
            Scope::ExportError => CsScope::ExportError,
            Scope::Connector => match self.link.filter(|state| *state != LinkState::Filtered) {
                Some(state) => CsScope::InState { connector: true, state },
                None => CsScope::Connector,
            },
            Scope::Disconnector => match self.link {
                Some(state) => CsScope::InState { connector: false, state },
                None => CsScope::Disconnector,
            },
            Scope::AwaitingConfirmation => CsScope::AwaitingConfirmation,
            Scope::DisconnectedSince => CsScope::DisconnectedSince(cx.format.parse(&self.since)?),
            Scope::Placeholder => CsScope::Placeholder,
            Scope::All => CsScope::All,
        })
    }

    fn search(&mut self, cx: &Cx<'_>) {
        if let Ok(scope) = self.wanted(cx) {
            let conditions = CsConditions { clauses: self.clauses.clone(), any: self.any, ..CsConditions::default() };
            self.last = Some((scope, conditions));
            self.clock = Stopwatch::default();
            self.state.clear_selection();
            self.reload(cx);
        }
    }

    /// Asks the present question again.
    pub fn reload(&mut self, cx: &Cx<'_>) {
        let Some((scope, conditions)) = self.last.clone() else { return };
        let Listing { text, reversed, attributes } = self.asked.clone();
        let conditions = CsConditions { reversed, columns: attributes, ..conditions };
        let search = CsSearch { connector: self.connector, scope, text, offset: 0, limit: 0 };
        let backend = std::sync::Arc::clone(cx.backend);
        self.hits.ask(cx.worker, move |offset, limit| {
            let search = CsSearch { offset, limit, ..search.clone() };
            let conditions = conditions.clone();
            question(&backend, move |engine| engine.search_connector_space_where(&search, &conditions))()
        });
    }

    /// Takes in answers.
    pub fn poll(&mut self, cx: &Cx<'_>) {
        self.hits.poll(cx.worker);
    }

    /// Asks again when filter, order or columns of the list are others than the rows were asked with.
    fn list_again(&mut self, cx: &Cx<'_>, listing: Listing) {
        if listing != self.asked && !self.hits.is_loading() {
            self.asked = listing;
            self.reload(cx);
        }
    }

    /// Begins with the scope that was searched last in this connector, and remembers the present one.
    fn remember(&mut self, ctx: &egui::Context) {
        let id = Id::unique(("scope searched", self.connector.0));
        if std::mem::take(&mut self.remembers)
            && let Some(scope) = ctx.data(|data| data.get_temp(id))
        {
            self.scope = scope;
        }
        if self.last.is_some() {
            ctx.data_mut(|data| data.insert_temp(id, self.scope));
            self.clock.tick(ctx.input(|input| input.time), self.hits.is_loading());
        }
    }

    /// Draws the contents; true when the window shall close.
    pub fn show(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> bool {
        self.remember(ui.ctx());
        if self.attributes.poll() {
            let names = self.attributes.value().into_iter().flatten().map(|(name, _)| name.as_str());
            self.columns = attribute_columns(&COLUMNS, names);
        }
        let wanted = self.wanted(cx).and_then(|scope| self.clause_problem().map_or(Ok(scope), Err));
        let mut search = false;
        ui.horizontal_wrapped(|ui| {
            let label = ui.label("Scope");
            let text = SCOPES.iter().find(|(scope, _)| *scope == self.scope).map_or("", |(_, text)| *text);
            let combo = ComboBox::from_id_salt("scope").selected_text(text).width(190.0).height(420.0).show_ui(ui, |ui| {
                for (scope, text) in SCOPES {
                    ui.selectable_value(&mut self.scope, scope, text);
                }
            });
            combo.response.labelled_by(label.id);
            self.fields(ui);
            let button =
                action_ui::primary(ui, wanted.is_ok(), "Search").on_hover_text("List the objects of the scope (Ctrl+Enter)");
            let button = match &wanted {
                Err(problem) => button.on_disabled_hover_text(problem),
                Ok(_) => button,
            };
            search = button.clicked();
            let stop =
                ui.add_enabled(self.hits.is_loading(), egui::Button::new("Stop")).on_hover_text(Action::StopSearch.tooltip());
            if stop.on_disabled_hover_text("No search is going on").clicked() {
                self.hits.stop();
            }
            let on_top = is_on_top(ui.ctx(), ui.layer_id().id);
            search |= on_top && ui.input_mut(|input| input.consume_key(Modifiers::COMMAND, Key::Enter));
        });
        let Self { clauses, state, hits, .. } = self;
        let mut add = |ui: &mut Ui| {
            if ui.button("Add Clause").on_hover_text(Action::AddClause.tooltip()).clicked() {
                clauses.push(SearchClause {
                    attribute: "displayName".to_owned(),
                    operator: SearchOperator::StartsWith,
                    value: String::new(),
                });
            }
        };
        let loading = hits.is_loading() && !hits.is_answered();
        let mut columns = false;
        let left = |ui: &mut Ui| {
            add(ui);
            columns = ui.button(Action::ColumnSettings.text()).on_hover_text(Action::ColumnSettings.tooltip()).clicked();
        };
        ends(ui, 470.0, left, |ui| filter_box(ui, state, &hits.rows, loading));
        state.column_settings |= columns;
        self.conditions(ui);
        if search && wanted.is_ok() {
            self.search(cx);
        }
        if let Some(error) = self.hits.error() {
            empty::failure(ui, error);
        }
        let close = self.buttons(ui, cx);
        egui::CentralPanel::no_frame().show(ui, |ui| {
            let model = HitGrid { searched: self.last.is_some(), columns: &self.columns };
            let response = Grid::new().situation(cx.situation).show(ui, &model, &mut self.hits.rows, &mut self.state);
            let listing = Listing {
                text: self.state.filter.clone(),
                reversed: is_reversed(&model, &self.hits.rows, &self.state.sort),
                attributes: attributes_shown(ui.ctx(), model.name(), &self.columns, COLUMNS.len()),
            };
            if let Some(row) = response.activated.and_then(|position| self.hits.rows.get(position)) {
                cx.send(Command::OpenCsObject(row.guid));
            }
            if let Some((action, position)) = response.action
                && let Some(row) = self.hits.rows.get(position)
            {
                cx.send(hit_command(action, &self.name, row));
            }
            self.list_again(cx, listing);
        });
        close
    }

    /// Why the conditions cannot be asked.
    fn clause_problem(&self) -> Option<String> {
        self.clauses.iter().find_map(|clause| clauses::problem(clause, self.kind(&clause.attribute)))
    }

    fn kind(&self, attribute: &str) -> ValueType {
        let known = self.attributes.value().and_then(|all| all.iter().find(|(name, _)| name == attribute));
        known.map_or(ValueType::String, |(_, kind)| *kind)
    }

    /// Asks for the attributes that conditions and columns can be about.
    fn ask_attributes(&mut self, cx: &Cx<'_>) {
        let name = self.name.clone();
        let asked = question(cx.backend, move |engine| {
            let known = engine.connector_properties(&name)?.attributes.into_iter();
            let usable = known.filter(|attribute| attribute.value_type != ValueType::Reference);
            Ok(usable.map(|attribute| (attribute.name, attribute.value_type)).collect())
        });
        self.attributes.ask(cx.worker, asked);
    }

    /// Conditions on attributes.
    fn conditions(&mut self, ui: &mut Ui) {
        if let Some(error) = self.attributes.error() {
            empty::failure(ui, error);
        }
        if self.clauses.is_empty() {
            return;
        }
        let known = self.attributes.value().map_or(&[][..], Vec::as_slice);
        let names: Vec<String> = known.iter().map(|(name, _)| name.clone()).collect();
        let kind = |wanted: &str| known.iter().find(|(name, _)| name == wanted).map_or(ValueType::String, |(_, kind)| *kind);
        clauses::show(ui, &mut self.clauses, &mut self.any, &names, kind);
    }

    fn fields(&mut self, ui: &mut Ui) {
        match self.scope {
            Scope::SubTree => {
                ui.add(
                    TextEdit::singleline(&mut self.dn)
                        .hint_text("DN of the container; empty for all")
                        .desired_width(270.0)
                        .id_salt("dn"),
                )
                .accessible_name("DN");
                ui.checkbox(&mut self.include_base, "Include base object");
            }
            Scope::Rdn => {
                ui.add(TextEdit::singleline(&mut self.rdn).hint_text("CN=Ada or Ada*").desired_width(270.0).id_salt("rdn"))
                    .accessible_name("RDN");
            }
            Scope::DnOrAnchor => {
                ui.add(
                    TextEdit::singleline(&mut self.anchor).hint_text("DN, anchor or GUID").desired_width(340.0).id_salt("anchor"),
                )
                .accessible_name("DN or Anchor");
            }
            Scope::PendingImport | Scope::PendingExport => {
                ui.checkbox(&mut self.operations.add, "Add");
                ui.checkbox(&mut self.operations.modify, "Modify");
                ui.checkbox(&mut self.operations.delete, "Delete");
            }
            Scope::DisconnectedSince => {
                ui.add(
                    TextEdit::singleline(&mut self.since).hint_text("2026-01-05 09:00:00").desired_width(180.0).id_salt("since"),
                )
                .accessible_name("Disconnected Since");
            }
            Scope::Connector => link_state(ui, &mut self.link, LINK_STATES.get(..2).unwrap_or(&LINK_STATES)),
            Scope::Disconnector => link_state(ui, &mut self.link, &LINK_STATES),
            Scope::ImportError | Scope::ExportError | Scope::AwaitingConfirmation | Scope::Placeholder | Scope::All => {}
        }
    }

    fn buttons(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> bool {
        self.choose();
        button_bar::close(ui, |ui| {
            let selected = self.state.single();
            if ui
                .add_enabled(selected.is_some(), egui::Button::new("Properties"))
                .on_disabled_hover_text("Select an object first")
                .clicked()
                && let Some((_, row)) = self.hits.rows.iter().find(|(_, row)| Some(row.guid.as_u128()) == selected)
            {
                cx.send(Command::OpenCsObject(row.guid));
            }
            let preview = ui
                .add_enabled(selected.is_some(), egui::Button::new("Preview..."))
                .on_hover_text(Action::Preview.tooltip())
                .on_disabled_hover_text("Select an object first");
            if preview.clicked()
                && let Some((_, row)) = self.hits.rows.iter().find(|(_, row)| Some(row.guid.as_u128()) == selected)
            {
                cx.send(Command::OpenPreview(row.guid));
            }
            self.by_hand_button(ui, cx);
            self.batch_button(ui, cx);
            self.validate_button(ui, cx);
            let export = ui.add_enabled(self.hits.rows.total() > 0, egui::Button::new("Export..."));
            let export = export.on_hover_text(Action::ExportGrid.tooltip()).on_disabled_hover_text("Search for objects first");
            if export.clicked() {
                self.state.export = true;
            }
            if self.hits.is_answered() {
                let took = self.clock.seconds.map(|seconds| format!(", {seconds:.1} s")).unwrap_or_default();
                ui.weak(format!("{}{took}", plural(self.hits.rows.total(), "object")));
            }
        })
    }
}

impl SearchCs {
    /// Works out the selected objects again when the selection or the rows have changed.
    fn choose(&mut self) {
        let (version, selected) = (self.hits.rows.version(), &self.state.selected);
        if self.chosen.version == version && self.chosen.keys == *selected {
            return;
        }
        let rows = self.hits.rows.iter().map(|(_, row)| row).filter(|row| selected.contains(&row.guid.as_u128()));
        self.chosen = Chosen { version, rows: rows.cloned().collect(), keys: selected.clone() };
    }

    fn validate_button(&self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let staged = |row: &&CsHit| row.pending_export != ObjectOperation::None;
        let one = match self.chosen.rows.as_slice() {
            [row] => Some(row),
            _ => None,
        };
        let button = ui.add_enabled(one.is_some_and(|row| staged(&row)), egui::Button::new(BUTTON));
        let reason = if one.is_some() { "Nothing is pending for export" } else { "Select an object first" };
        let button = button
            .on_hover_text("Hold what is pending for export against the schema of the connector")
            .on_disabled_hover_text(reason);
        if let Some(row) = one.filter(|_| button.clicked()) {
            cx.send(Command::OpenValidation(row.guid));
        }
    }

    /// Joins the selected disconnector, or disconnects the selected connectors.
    fn by_hand_button(&self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let selected = &self.chosen.rows;
        let joins = selected.len() == 1 && selected.iter().all(|row| !row.connector);
        let action = if joins { Action::JoinObject } else { Action::DisconnectObject };
        let right = action.availability(cx.situation);
        let possible = right.is_ok() && selected.iter().any(|row| joins || row.connector);
        let button = ui.add_enabled(possible, egui::Button::new(action.text())).on_hover_text(action.tooltip());
        let reason = if selected.is_empty() { "Select an object first" } else { "None of the selected objects is joined" };
        if button.on_disabled_hover_text(right.err().unwrap_or_else(|| reason.to_owned())).clicked() {
            let name = selected.first().map(|row| row.display_name.clone()).unwrap_or_default();
            let objects = selected.iter().filter(|row| joins || row.connector).map(|row| (row.guid, row.dn.clone())).collect();
            cx.send(Command::OpenByHand(ByHandStart { join: joins, objects, name }));
        }
    }

    /// Previews, commits, joins or disconnects the selected objects one after another.
    fn batch_button(&self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let selected = &self.chosen.rows;
        let button = ui.add_enabled(!selected.is_empty(), egui::Button::new("Batch..."));
        let about = "Preview, commit, join or disconnect all selected objects, with a result for each. Ctrl+A selects all.";
        if button.on_hover_text(about).on_disabled_hover_text("Select objects first; Ctrl+A in the list selects all").clicked() {
            let objects = selected.iter().map(|row| (row.guid, row.dn.clone())).collect();
            cx.send(Command::OpenBatch(BatchStart { connector: self.name.clone(), objects }));
        }
    }
}

const LINK_STATES: [(LinkState, &str); 3] =
    [(LinkState::Normal, "Normal"), (LinkState::Explicit, "Explicit"), (LinkState::Filtered, "Filtered")];

/// The combo box for who joined or disconnected an object.
fn link_state(ui: &mut Ui, chosen: &mut Option<LinkState>, states: &[(LinkState, &str)]) {
    let label = ui.label("State");
    let text = states.iter().find(|(state, _)| Some(*state) == *chosen).map_or("All", |(_, text)| *text);
    let combo = ComboBox::from_id_salt("state").selected_text(text).width(110.0).show_ui(ui, |ui| {
        ui.selectable_value(chosen, None, "All");
        for (state, text) in states {
            ui.selectable_value(chosen, Some(*state), *text);
        }
    });
    combo.response.labelled_by(label.id).on_hover_text("Explicit: made so by an administrator; rules leave it alone.");
}

/// The actions of a connector space object in a list.
pub const OBJECT_ACTIONS: [Action; 7] = [
    Action::OpenObject,
    Action::Preview,
    Action::GoToMetaverse,
    Action::WhyNot,
    Action::JoinObject,
    Action::DisconnectObject,
    Action::CopyDn,
];

/// What joins or disconnects one object; candidates are looked for by its name.
#[must_use]
pub fn by_hand(join: bool, guid: Uuid, dn: &str) -> ByHandStart {
    let rdn = first_rdn(dn);
    let name = rdn.split_once('=').map_or(rdn, |(_, value)| value).replace('\\', "");
    ByHandStart { join, objects: vec![(guid, dn.to_owned())], name }
}

/// What an action of a list does to a connector space object.
#[must_use]
pub fn object_command(action: Action, connector: &str, guid: Uuid, dn: &str) -> Command {
    match action {
        Action::Preview => Command::OpenPreview(guid),
        Action::WhyNot => Command::OpenWhyNot(NameInConnector { connector: connector.to_owned(), dn: dn.to_owned() }),
        Action::CopyDn => Command::Copy(dn.to_owned()),
        Action::GoToMetaverse => Command::OpenIdentityOf(guid),
        Action::JoinObject | Action::DisconnectObject => Command::OpenByHand(by_hand(action == Action::JoinObject, guid, dn)),
        _ => Command::OpenCsObject(guid),
    }
}

/// The actions of an object that was found.
const HIT_ACTIONS: [Action; 7] = [
    Action::OpenObject,
    Action::Preview,
    Action::GoToMetaverse,
    Action::JoinObject,
    Action::DisconnectObject,
    Action::WhyNot,
    Action::CopyDn,
];

fn hit_command(action: Action, connector: &str, row: &CsHit) -> Command {
    match (action, row.metaverse) {
        (Action::GoToMetaverse, Some(identity)) => Command::OpenMvObject(identity),
        (Action::JoinObject | Action::DisconnectObject, _) => Command::OpenByHand(ByHandStart {
            join: action == Action::JoinObject,
            objects: vec![(row.guid, row.dn.clone())],
            name: row.display_name.clone(),
        }),
        _ => object_command(action, connector, row.guid, &row.dn),
    }
}

struct HitGrid<'a> {
    searched: bool,
    columns: &'a [Column],
}

/// The columns of every connector; its attributes stand behind them.
const COLUMNS: [Column; 9] = [
    Column::text("Distinguished Name", 340.0),
    Column::short("Object Type", 100.0),
    Column::text("Display Name", 150.0),
    Column::short("Pending Import", 110.0),
    Column::short("Pending Export", 110.0),
    Column::short("Connector", 86.0),
    Column::short("Explicit", 80.0),
    Column::text("Error", 150.0).optional(),
    Column::text("Awaiting Confirmation", 150.0).optional(),
];

fn operation(operation: ObjectOperation) -> String {
    if operation == ObjectOperation::None { String::new() } else { operation.word().to_owned() }
}

impl GridModel for HitGrid<'_> {
    type Row = CsHit;

    fn name(&self) -> &'static str {
        "Connector space objects"
    }

    fn columns(&self) -> &[Column] {
        self.columns
    }

    fn key(&self, row: &CsHit) -> RowKey {
        row.guid.as_u128()
    }

    fn row_name(&self, row: &CsHit) -> String {
        format!("CS {}", row.dn)
    }

    fn text(&self, row: &CsHit, column: usize) -> String {
        match column {
            0 => row.dn.clone(),
            1 => row.object_type.clone(),
            2 => row.display_name.clone(),
            3 => operation(row.pending_import),
            4 => operation(row.pending_export),
            5 => truth(row.connector).to_owned(),
            6 => truth(row.explicit).to_owned(),
            7 => row.error.clone().unwrap_or_default(),
            8 => truth(row.awaiting_confirmation).to_owned(),
            _ => self.columns.get(column).and_then(|column| row.attributes.get(column.title).cloned()).unwrap_or_default(),
        }
    }

    fn cell(&self, _row: &CsHit, column: usize) -> Cell {
        if column == 0 { Cell::Strong } else { Cell::Text }
    }

    fn engine_order(&self) -> &[SortBy] {
        const BY_NAME: [SortBy; 1] = [SortBy { column: 0, descending: false }];
        &BY_NAME
    }

    fn actions(&self) -> &[Action] {
        &HIT_ACTIONS
    }

    fn refuses(&self, row: &CsHit, action: Action) -> Option<&'static str> {
        match action {
            Action::GoToMetaverse | Action::DisconnectObject if !row.connector => {
                Some("The object is not linked to the metaverse")
            }
            Action::JoinObject if row.connector => Some("The object is joined already"),
            _ => None,
        }
    }

    fn empty_text(&self) -> &'static str {
        if self.searched { "No object is in this scope." } else { "Click Search to list objects." }
    }
}
