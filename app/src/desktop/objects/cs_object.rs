//! The Connector Space Object Properties window.

use egui::{RichText, ScrollArea, TextEdit, Ui};
use syncline_engine::service::{CsObjectView, LayerView, LineageView, ObjectErrorView, error_fix};
use uuid::Uuid;

use super::super::action::{Action, Situation};
use super::super::command::{Command, ErrorOccasion, ExportedAttribute, NameInConnector};
use super::super::context::{Cx, question};
use super::super::format::Format;
use super::super::theme::Palette;
use super::super::widgets::badge::{self, Tone};
use super::super::widgets::grid::{Cell, Column, Grid, GridModel, GridState, RowKey, RowSet, SortKey, filter_box};
use super::super::widgets::requested::Requested;
use super::super::widgets::{action_ui, button_bar, empty, facts};
use super::attributes::{LayerGrid, ValueRow, layer_rows};
use super::search_cs::by_hand;
use super::tabs;
use super::validate::BUTTON;

/// The tabs of the window, in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum CsTab {
    #[default]
    Import,
    PendingExport,
    AwaitingConfirmation,
    SynchronizationError,
    ExportError,
    Lineage,
    Raw,
}

impl CsTab {
    fn label(self) -> &'static str {
        match self {
            Self::Import => "Import",
            Self::PendingExport => "Pending Export",
            Self::AwaitingConfirmation => "Awaiting Confirmation",
            Self::SynchronizationError => "Synchronization Error",
            Self::ExportError => "Export Error",
            Self::Lineage => "Lineage",
            Self::Raw => "Raw",
        }
    }

    fn of(object: &CsObjectView) -> Vec<Self> {
        let all = [
            (Self::Import, true),
            (Self::PendingExport, object.pending_export.is_some()),
            (Self::AwaitingConfirmation, object.awaiting_confirmation.is_some()),
            (Self::SynchronizationError, object.sync_error.is_some()),
            (Self::ExportError, object.export_error.is_some()),
            (Self::Lineage, true),
            (Self::Raw, true),
        ];
        all.into_iter().filter(|(_, shown)| *shown).map(|(tab, _)| tab).collect()
    }
}

/// Why there is no log of passwords.
const NO_PASSWORDS: &str = "Passwords are not synchronized by this version, so there is no log of them";

/// State of the window.
pub struct CsObject {
    guid: Uuid,
    object: Requested<CsObjectView>,
    tab: CsTab,
    changed_only: bool,
    import: Layer,
    pending: Layer,
    awaiting: Layer,
    lineage: RowSet<LineageView>,
    lineage_state: GridState,
    raw: String,
    /// An answer was shown once; the tab is the person's choice from then on.
    shown: bool,
}

#[derive(Default)]
struct Layer {
    rows: RowSet<ValueRow>,
    state: GridState,
}

impl CsObject {
    /// Opens on an object.
    #[must_use]
    pub fn new(cx: &Cx<'_>, guid: Uuid) -> Self {
        let mut window = Self {
            guid,
            object: Requested::default(),
            tab: CsTab::Import,
            changed_only: false,
            import: Layer::default(),
            pending: Layer::default(),
            awaiting: Layer::default(),
            lineage: RowSet::default(),
            lineage_state: GridState::default(),
            raw: String::new(),
            shown: false,
        };
        window.reload(cx);
        window
    }

    /// The object shown.
    #[must_use]
    pub fn guid(&self) -> Uuid {
        self.guid
    }

    /// Asks for the object again.
    pub fn reload(&mut self, cx: &Cx<'_>) {
        let guid = self.guid;
        self.object.ask(cx.worker, question(cx.backend, move |engine| engine.cs_object(guid)));
    }

    /// Name of the object, once it is known.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.object.value().map(|object| object.dn.as_str())
    }

    /// Title of the window.
    #[must_use]
    pub fn title(&self) -> String {
        let name = self.object.value().map_or_else(|| self.guid.to_string(), |object| first_rdn(&object.dn).to_owned());
        format!("Connector Space Object Properties - {name}")
    }

    /// Takes in the answer.
    pub fn poll(&mut self) {
        if self.object.poll() {
            self.fill();
        }
    }

    fn fill(&mut self) {
        let Some(object) = self.object.value() else { return };
        let changed_only = self.changed_only;
        self.import.rows = layer_rows(&object.import, changed_only);
        let rows = |layer: &Option<LayerView>| layer.as_ref().map(|layer| layer_rows(layer, changed_only)).unwrap_or_default();
        self.pending.rows = rows(&object.pending_export);
        self.awaiting.rows = rows(&object.awaiting_confirmation);
        self.lineage = RowSet::new(object.lineage.clone());
        self.raw = serde_json::to_string_pretty(object).unwrap_or_default();
        let tabs = CsTab::of(object);
        if !tabs.contains(&self.tab) {
            self.tab = CsTab::Import;
        }
        if !std::mem::replace(&mut self.shown, true) && object.import.attributes.is_empty() {
            let fuller = [CsTab::PendingExport, CsTab::AwaitingConfirmation].into_iter().find(|tab| tabs.contains(tab));
            self.tab = fuller.unwrap_or(self.tab);
        }
    }

    /// Draws the contents; true when the window shall close.
    pub fn show(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> bool {
        let target = self.object.value().and_then(|object| object.metaverse.as_ref()).map(|hit| hit.guid);
        let left = |ui: &mut Ui| {
            if ui.button("Preview...").on_hover_text(Action::Preview.tooltip()).clicked() {
                cx.send(Command::OpenPreview(self.guid));
            }
            let known = self.object.value().filter(|object| !object.dn.is_empty());
            let why = ui
                .add_enabled(known.is_some(), egui::Button::new(Action::WhyNot.text()))
                .on_hover_text(Action::WhyNot.tooltip())
                .on_disabled_hover_text("The object has no name");
            if let Some(object) = known.filter(|_| why.clicked()) {
                let (connector, dn) = (object.connector.clone(), object.dn.clone());
                cx.send(Command::OpenWhyNot(NameInConnector { connector, dn }));
            }
            if let Some(object) = known
                && by_hand_button(ui, object.metaverse.is_none(), cx.situation)
            {
                cx.send(Command::OpenByHand(by_hand(object.metaverse.is_none(), object.guid, &object.dn)));
            }
            ui.add_enabled(false, egui::Button::new("Log...")).on_disabled_hover_text(NO_PASSWORDS);
        };
        let (pressed, to_metaverse) = button_bar::bar(ui, left, |ui| {
            let pressed = button_bar::close_and_refresh(ui);
            let button = ui
                .add_enabled(target.is_some(), egui::Button::new("Metaverse Object"))
                .on_disabled_hover_text("The object is not linked to the metaverse");
            (pressed, button.clicked())
        });
        if let Some(guid) = target.filter(|_| to_metaverse) {
            cx.send(Command::OpenMvObject(guid));
        }
        if pressed.refresh {
            self.reload(cx);
        }
        let mut refill = false;
        egui::CentralPanel::no_frame().show(ui, |ui| {
            let Some(object) = empty::value(ui, &self.object) else { return };
            header(ui, cx, object);
            ui.add_space(6.0);
            let shown = CsTab::of(object);
            let labels: Vec<&str> = shown.iter().map(|tab| tab.label()).collect();
            let present = shown.iter().position(|tab| *tab == self.tab).unwrap_or(0);
            if let Some(tab) = tabs::bar(ui, &labels, present).and_then(|index| shown.get(index)) {
                self.tab = *tab;
            }
            ui.add_space(6.0);
            refill = match self.tab {
                CsTab::Import => layer(ui, cx, (object, Some(&object.import)), &mut self.import, &mut self.changed_only, false),
                CsTab::PendingExport => {
                    let validate =
                        ui.button(BUTTON).on_hover_text("Hold what is pending for export against the connector's schema");
                    if validate.clicked() {
                        cx.send(Command::OpenValidation(object.guid));
                    }
                    ui.add_space(2.0);
                    let view = (object, object.pending_export.as_ref());
                    layer(ui, cx, view, &mut self.pending, &mut self.changed_only, true)
                }
                CsTab::AwaitingConfirmation => {
                    let view = (object, object.awaiting_confirmation.as_ref());
                    layer(ui, cx, view, &mut self.awaiting, &mut self.changed_only, true)
                }
                CsTab::SynchronizationError => error(ui, cx, object, object.sync_error.as_ref()),
                CsTab::ExportError => error(ui, cx, object, object.export_error.as_ref()),
                CsTab::Lineage => lineage(ui, cx, object, &mut self.lineage, &mut self.lineage_state),
                CsTab::Raw => raw(ui, &mut self.raw.as_str()),
            };
        });
        if refill {
            self.fill();
        }
        pressed.close
    }
}

/// The button that joins a disconnector or disconnects a connector.
fn by_hand_button(ui: &mut Ui, join: bool, now: &Situation) -> bool {
    action_ui::button(ui, if join { Action::JoinObject } else { Action::DisconnectObject }, now)
}

/// The first part of a DN; a comma behind a backslash belongs to the name.
#[must_use]
pub fn first_rdn(dn: &str) -> &str {
    let mut escaped = false;
    for (index, letter) in dn.char_indices() {
        match letter {
            ',' if !escaped => return dn.get(..index).unwrap_or(dn),
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    dn
}

/// What an object is called where there is room for one name: the first part of its DN, or, where that is made of digits as
/// a tenant makes it, the name that a person knows the object by.
#[must_use]
pub fn shown_name<'a>(dn: &'a str, display_name: &'a str) -> &'a str {
    let rdn = first_rdn(dn);
    let value = rdn.split_once('=').map_or(rdn, |(_, value)| value);
    let made = value.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    if made.is_some() && !display_name.is_empty() { display_name } else { rdn }
}

fn header(ui: &mut Ui, cx: &Cx<'_>, object: &CsObjectView) {
    let palette = Palette::of(ui.style());
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(&object.dn).size(15.0).color(palette.text_strong));
        if ui.small_button("Copy").on_hover_text("Copy the distinguished name").clicked() {
            ui.ctx().copy_text(object.dn.clone());
        }
    });
    ui.add_space(2.0);
    ui.horizontal_wrapped(|ui| {
        facts::fact(ui, "Display name", &object.display_name);
        facts::fact(ui, "Connector", &object.connector);
        facts::fact(ui, "Partition", object.partition.as_deref().unwrap_or_default());
        facts::fact(ui, "Object type", &object.object_type);
        facts::fact(ui, "State", &object.state);
        facts::fact(ui, "Last import change", &cx.format.maybe_time(object.last_import_change));
        facts::fact(ui, "Last export change", &cx.format.maybe_time(object.last_export_change));
    });
    ui.horizontal_wrapped(|ui| {
        facts::fact(ui, "GUID", &object.guid.to_string());
        facts::fact(ui, "Anchor", object.anchor.as_deref().unwrap_or_default());
    });
    if !object.flags.is_empty() {
        ui.horizontal_wrapped(|ui| {
            for flag in &object.flags {
                badge::chip(ui, flag, if flag.contains("error") { Tone::Bad } else { Tone::Info });
            }
        });
    }
}

/// The attributes of a layer, if there is one; true asks for them anew. `rules` says that rules wrote them.
fn layer(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    (object, view): (&CsObjectView, Option<&LayerView>),
    layer: &mut Layer,
    changed_only: &mut bool,
    rules: bool,
) -> bool {
    let Some(view) = view else { return false };
    let mut refill = false;
    ui.horizontal(|ui| {
        ui.label(format!("Modification type: {}", view.operation.word()));
        if let Some(dn) = &view.new_dn {
            ui.label(RichText::new(format!("New DN: {dn}")).weak());
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            filter_box(ui, &mut layer.state, &layer.rows, false);
            refill = ui.checkbox(changed_only, "Changed only").changed();
        });
    });
    let model = LayerGrid { palette: Palette::of(ui.style()), rules, holds_none: view.attributes.is_empty() };
    let response = Grid::new().situation(cx.situation).show(ui, &model, &mut layer.rows, &mut layer.state);
    if let Some(target) = response.link.and_then(|(position, _)| layer.rows.get(position)?.target) {
        cx.send(Command::OpenCsObject(target));
    }
    let lineage =
        |row: &ValueRow| Command::OpenExportLineage(ExportedAttribute { object: object.guid, attribute: row.attribute.clone() });
    if let Some(row) = response.activated.and_then(|position| layer.rows.get(position)) {
        cx.send(if rules { lineage(row) } else { row.in_full(&object.dn) });
    }
    if let Some((action, position)) = response.action
        && let Some(row) = layer.rows.get(position)
    {
        cx.send(match action {
            Action::ShowValue => row.in_full(&object.dn),
            Action::AttributeLineage => lineage(row),
            _ => Command::Copy(if row.new.is_empty() { row.old.clone() } else { row.new.clone() }),
        });
    }
    refill
}

fn error(ui: &mut Ui, cx: &mut Cx<'_>, object: &CsObjectView, error: Option<&ObjectErrorView>) -> bool {
    let Some(error) = error else { return false };
    badge::strip(ui, Tone::Bad, &error.error.message, |_| ());
    ui.add_space(4.0);
    super::error_details::facts_grid(ui, cx.format, error);
    let fix = error_fix(&error.error.code);
    if !fix.is_empty() {
        ui.add_space(4.0);
        ui.label(fix);
    }
    ui.add_space(6.0);
    if ui.button("Object Error Details").clicked() {
        cx.send(Command::OpenError(Box::new(ErrorOccasion { connector: object.connector.clone(), error: error.clone() })));
    }
    false
}

fn lineage(ui: &mut Ui, cx: &mut Cx<'_>, object: &CsObjectView, rows: &mut RowSet<LineageView>, state: &mut GridState) -> bool {
    match &object.metaverse {
        Some(hit) => {
            ui.horizontal(|ui| {
                ui.label("Linked to metaverse object");
                if ui.link(&hit.display_name).clicked() {
                    cx.send(Command::OpenMvObject(hit.guid));
                }
                ui.label(RichText::new(&hit.object_type).weak());
                ui.add_space(8.0);
                if ui.button("Metaverse Object Properties").clicked() {
                    cx.send(Command::OpenMvObject(hit.guid));
                }
            });
            let since = object.lineage.iter().filter_map(|rule| rule.applied).min();
            let since = since.map(|at| format!(" since {}", cx.format.time(at))).unwrap_or_default();
            ui.weak(format!("Link: {}{since}", link_kind(object)));
        }
        None => {
            let when = object.disconnected.map(|at| format!(" since {}", cx.format.time(at))).unwrap_or_default();
            let text = if object.state.starts_with("Placeholder") {
                "Placeholder - never imported"
            } else {
                "Disconnector - not linked to the metaverse"
            };
            ui.label(text);
            if !when.is_empty() {
                ui.weak(format!("Disconnected{when}"));
            }
            if ui.link("Which rule is in the way?").on_hover_text(Action::WhyNot.tooltip()).clicked() {
                let (connector, dn) = (object.connector.clone(), object.dn.clone());
                cx.send(Command::OpenWhyNot(NameInConnector { connector, dn }));
            }
        }
    }
    ui.label(
        RichText::new("An inbound Provision keeps the metaverse object alive while this object exists; an outbound Provision means that this object is deleted with the metaverse object.")
            .weak(),
    );
    let model = LineageGrid { connector: &object.connector, format: cx.format };
    let response = Grid::new().situation(cx.situation).show(ui, &model, rows, state);
    let chosen = response.action.map(|(_, position)| position);
    if let Some(row) = response.activated.or(chosen).and_then(|position| rows.get(position)) {
        cx.send(match row.rule_guid {
            Some(rule) => Command::OpenRule(rule),
            None => Command::Complain("The rule is gone.".to_owned()),
        });
    }
    false
}

fn raw(ui: &mut Ui, text: &mut &str) -> bool {
    if ui.button("Copy All").clicked() {
        ui.ctx().copy_text((*text).to_owned());
    }
    ScrollArea::both().id_salt("raw").auto_shrink(false).show(ui, |ui| {
        ui.add(TextEdit::multiline(text).code_editor().desired_width(f32::INFINITY).id_salt("raw text")).accessible_name("Raw");
    });
    false
}

/// How the object came to its link.
fn link_kind(object: &CsObjectView) -> &'static str {
    let provides = object.lineage.iter().find(|rule| rule.action == "Provision");
    match provides.map(|rule| rule.direction.as_str()) {
        _ if object.state.contains("explicit") => "joiner-rule",
        Some("Outbound") => "provisioning-rules",
        Some(_) => "projection-rules",
        None => "join-rules",
    }
}

/// The rules applied to a link.
pub struct LineageGrid<'a> {
    /// Connector of the object.
    pub connector: &'a str,
    /// Zone of the times.
    pub format: &'a Format,
}

const LINEAGE: [Column; 7] = [
    Column::text("Sync Rule", 270.0),
    Column::short("Direction", 90.0),
    Column::text("Action", 100.0),
    Column::short("PasswordSync", 110.0),
    Column::number("Precedence", 90.0),
    Column::text("Connector", 220.0),
    Column::short("Applied", 154.0).optional(),
];

impl GridModel for LineageGrid<'_> {
    type Row = LineageView;

    fn name(&self) -> &'static str {
        "Lineage"
    }

    fn columns(&self) -> &[Column] {
        &LINEAGE
    }

    fn key(&self, row: &LineageView) -> RowKey {
        RowKey::from(egui::Id::unique((&row.rule, row.rule_id.map(|id| id.0))).value())
    }

    fn row_name(&self, row: &LineageView) -> String {
        format!("Rule {}, {}, PasswordSync {}", row.rule, row.action, truth(row.password_sync))
    }

    fn text(&self, row: &LineageView, column: usize) -> String {
        match column {
            0 => row.rule.clone(),
            1 => row.direction.clone(),
            2 => row.action.clone(),
            3 => truth(row.password_sync).to_owned(),
            4 => row.precedence.map(|precedence| precedence.to_string()).unwrap_or_default(),
            5 => self.connector.to_owned(),
            _ => self.format.maybe_time(row.applied),
        }
    }

    fn cell(&self, _row: &LineageView, column: usize) -> Cell {
        if column == 0 { Cell::Strong } else { Cell::Text }
    }

    fn sort_key(&self, row: &LineageView, column: usize) -> SortKey {
        match column {
            4 => row.precedence.map_or(SortKey::Nothing, |precedence| SortKey::Number(precedence.into())),
            _ => SortKey::Text(self.text(row, column).to_lowercase()),
        }
    }

    fn actions(&self) -> &[Action] {
        &[Action::ShowRule]
    }

    fn empty_text(&self) -> &'static str {
        "No rule applies to this object."
    }
}

/// How a truth value reads.
#[must_use]
pub fn truth(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}

#[cfg(test)]
mod tests {
    use super::{first_rdn, shown_name};

    #[test]
    fn the_name_ends_at_the_first_plain_comma() {
        for (dn, expected) in [
            ("CN=Ada,OU=X", "CN=Ada"),
            ("CN=Ada\\, L.,OU=X", "CN=Ada\\, L."),
            ("DC=com", "DC=com"),
            ("CN=a\\\\,OU=X", "CN=a\\\\"),
            ("", ""),
        ] {
            assert_eq!(first_rdn(dn), expected);
        }
    }

    #[test]
    fn a_name_of_digits_gives_way_to_one_that_people_know() {
        let check = |dn: &str, display_name: &str, expected: &str| assert_eq!(shown_name(dn, display_name), expected);
        check("CN={4747}", "Ada", "Ada");
        check("CN={4747}", "", "CN={4747}");
        check("CN=Ada,OU=X", "Ada Lovelace", "CN=Ada");
    }
}
