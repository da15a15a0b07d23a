//! The properties of a connector: a page for everything that can be set, on one draft that is stored at once (`ui.md`
//! 4.8).

mod draft;
mod pages;
mod selection;
mod tree;

use egui::{Align, Context, Id, LayerId, Margin, Order, RichText, ScrollArea, Ui};
use syncline_engine::model::ConnectorId;
use syncline_engine::service::{ConnectorKind, ConnectorProperties, ConnectorSummary, EngineError, StatusClass};
use syncline_engine::setup::{ConnectorChangeError, ConnectorChangeReport, ConnectorFault};

use super::super::command::Command;
use super::super::context::{Cx, question};
use super::super::objects::{escaped, window};
use super::super::role::Right;
use super::super::widgets::badge::{self, Tone};
use super::super::widgets::fields;
use super::super::widgets::requested::Requested;
use super::super::widgets::{action_ui, button_bar, empty, facts};
use draft::{Page, PropertiesDraft};
use pages::{CapabilitiesPage, CheckList, Checked, Fields, PartitionPage, TenantLimit, TestButton};

/// What came back from storing.
enum Stored {
    /// It is stored; what has to run now, and what the connector is.
    Changed(ConnectorChangeReport, Box<ConnectorProperties>),
    /// It was refused.
    Refused(Vec<ConnectorFault>),
}

/// The open window.
pub struct PropertiesWindow {
    connector: ConnectorId,
    name: String,
    read: Requested<ConnectorProperties>,
    /// What is stored, and what it shall be.
    work: Option<(ConnectorProperties, PropertiesDraft)>,
    page: Page,
    saving: Requested<Stored>,
    refused: Vec<ConnectorFault>,
    /// The draft that was refused.
    refused_for: Option<PropertiesDraft>,
    report: Option<ConnectorChangeReport>,
    partitions: PartitionPage,
    types: CheckList,
    attributes: CheckList,
    test: TestButton,
    capabilities: CapabilitiesPage,
    tenant_limit: TenantLimit,
    closes: bool,
    raise: bool,
    leaving: bool,
}

impl PropertiesWindow {
    /// Opens on a connector.
    #[must_use]
    pub fn new(cx: &Cx<'_>, connector: &ConnectorSummary) -> Self {
        let mut window = Self {
            connector: connector.id,
            name: connector.name.clone(),
            read: Requested::default(),
            work: None,
            page: Page::General,
            saving: Requested::default(),
            refused: Vec::new(),
            refused_for: None,
            report: None,
            partitions: PartitionPage::default(),
            types: CheckList::default(),
            attributes: CheckList::default(),
            test: TestButton::default(),
            capabilities: CapabilitiesPage::default(),
            tenant_limit: TenantLimit::default(),
            closes: false,
            raise: true,
            leaving: false,
        };
        let name = window.name.clone();
        window.read.ask(cx.worker, question(cx.backend, move |engine| engine.connector_properties(&name)));
        window
    }

    /// The connector.
    #[must_use]
    pub fn connector(&self) -> ConnectorId {
        self.connector
    }

    /// Brings the window to the front.
    pub fn raise(&mut self) {
        self.raise = true;
    }

    /// Takes in answers; true when the window shall close.
    fn poll(&mut self) -> bool {
        self.test.poll();
        self.capabilities.poll();
        self.tenant_limit.poll();
        if self.read.poll()
            && let Some(read) = self.read.take()
        {
            self.begin(read);
        }
        if !self.saving.poll() {
            return false;
        }
        match self.saving.take() {
            Some(Stored::Changed(report, properties)) => {
                self.report = Some(report);
                self.begin(*properties);
                // What has to run is told before the window goes.
                self.closes && self.report.as_ref().is_none_or(|report| !report.full_import)
            }
            Some(Stored::Refused(faults)) => {
                if let Some(first) = faults.first() {
                    self.page = Page::of_place(&first.place);
                }
                self.refused_for = self.work.as_ref().map(|(_, draft)| draft.clone());
                self.refused = faults;
                false
            }
            None => false,
        }
    }

    fn begin(&mut self, properties: ConnectorProperties) {
        self.name.clone_from(&properties.name);
        let draft = PropertiesDraft::new(&properties);
        self.work = Some((properties, draft));
        self.refused.clear();
        self.refused_for = None;
        self.types = CheckList::default();
        self.attributes = CheckList::default();
        self.capabilities.forget();
    }

    fn is_changed(&self) -> bool {
        let differs = |(stored, draft): &(ConnectorProperties, PropertiesDraft)| {
            Page::of(stored.kind).iter().any(|page| draft.differs(stored, *page))
        };
        self.work.as_ref().is_some_and(differs)
    }

    /// What is wrong: what can be seen, and what the engine told of the draft as it still is.
    fn faults(&mut self) -> Vec<ConnectorFault> {
        let Some((stored, draft)) = &self.work else { return Vec::new() };
        if self.refused_for.as_ref().is_some_and(|refused| refused != draft) {
            self.refused_for = None;
            self.refused.clear();
        }
        let mut faults = draft.own_faults(stored);
        for fault in &self.refused {
            if !faults.iter().any(|known| known.place == fault.place) {
                faults.push(ConnectorFault { message: sentence(&fault.message), place: fault.place.clone() });
            }
        }
        faults
    }

    /// Draws the window; false once it is closed.
    pub fn show(&mut self, ctx: &Context, cx: &mut Cx<'_>) -> bool {
        if self.poll() {
            return false;
        }
        let Some(connector) = cx.connector(self.connector).cloned() else { return false };
        let id = Id::unique(("connector properties", self.connector));
        if std::mem::take(&mut self.raise) {
            ctx.move_to_top(LayerId::new(Order::Middle, id));
        }
        let room = ctx.content_rect();
        let size = egui::vec2(960.0, 640.0).min(room.size() - egui::vec2(64.0, 104.0));
        let (mut open, mut close) = (true, false);
        let faults = self.faults();
        let shown = window(ctx, format!("Properties of \"{}\"", connector.name)).id(id).open(&mut open);
        let shown = shown.default_size(size).min_size([640.0, 360.0]).default_pos([50.0, 60.0]).constrain_to(room);
        shown.show(ctx, |ui| close = self.contents(ui, cx, &connector, &faults));
        let asking = self.leaving || self.partitions.is_asking();
        if let Some((stored, draft)) = &mut self.work {
            self.partitions.windows(ctx, cx, &mut Fields { stored, draft, faults: &faults });
        }
        if !open || close || (!asking && escaped(ctx, id)) {
            if !self.is_changed() {
                return false;
            }
            self.leaving = true;
        }
        if self.leaving {
            match fields::ask_to_leave(ctx, id, "the properties") {
                Some(true) => return false,
                Some(false) => self.leaving = false,
                None => {}
            }
        }
        true
    }

    fn contents(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, connector: &ConnectorSummary, faults: &[ConnectorFault]) -> bool {
        let close = self.buttons(ui, cx, faults);
        if let Some(error) = self.saving.error() {
            badge::strip(ui, Tone::Bad, error, |_| ());
            ui.add_space(4.0);
        }
        self.runs_needed(ui, cx, connector);
        if let Some(error) = self.read.error() {
            empty::failure(ui, error);
        }
        let Some(kind) = self.work.as_ref().map(|(stored, _)| stored.kind) else {
            if self.read.is_pending() {
                ui.weak("Loading...");
            }
            return close;
        };
        egui::Panel::left("pages")
            .frame(egui::Frame::NONE.inner_margin(Margin { right: 14, ..Margin::ZERO }))
            .show_separator_line(false)
            .resizable(false)
            .exact_size(218.0)
            .show(ui, |ui| {
                ScrollArea::vertical().id_salt("page list").auto_shrink(false).show(ui, |ui| self.page_list(ui, kind, faults));
            });
        egui::CentralPanel::no_frame().show(ui, |ui| self.present_page(ui, cx, kind, faults));
        close
    }

    fn page_list(&mut self, ui: &mut Ui, kind: ConnectorKind, faults: &[ConnectorFault]) {
        let Some((stored, draft)) = &self.work else { return };
        for page in Page::of(kind) {
            let label = page.label(kind);
            let text = if draft.differs(stored, *page) { RichText::new(label).strong() } else { RichText::new(label) };
            let button = egui::Button::selectable(self.page == *page, text)
                .min_size(egui::vec2(ui.available_width(), 32.0))
                .wrap()
                .right_text("");
            let response = ui.add(button).accessible_name(label);
            let own = |fault: &&ConnectorFault| Page::of_place(&fault.place) == *page;
            if let Some(fault) = faults.iter().find(own) {
                badge::severity(ui, response.rect.right_center() - egui::vec2(13.0, 0.0), StatusClass::Error);
                response.clone().on_hover_text(&fault.message);
            }
            if response.clicked() {
                self.page = *page;
            }
        }
        let why = "Objects are only made in containers that are there; no missing container is made on the way.";
        let button = egui::Button::new("Configure Provisioning Hierarchy")
            .frame_when_inactive(false)
            .min_size(egui::vec2(ui.available_width(), 32.0))
            .wrap()
            .right_text("");
        if kind == ConnectorKind::ActiveDirectory {
            let label = "Configure Provisioning Hierarchy";
            ui.add_enabled(false, button).accessible_name(label).on_disabled_hover_text(why);
        }
    }

    fn present_page(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, kind: ConnectorKind, faults: &[ConnectorFault]) {
        facts::section(ui, self.page.label(kind));
        ui.add_space(4.0);
        let Self { work, page, partitions, types, attributes, test, capabilities, tenant_limit, .. } = self;
        let Some((stored, draft)) = work else { return };
        let own: Vec<&ConnectorFault> = faults.iter().filter(|fault| Page::of_place(&fault.place) == *page).collect();
        let mut fields = Fields { stored, draft, faults };
        match page {
            Page::Partitions => partitions.show(ui, cx, &mut fields),
            Page::ObjectTypes => {
                let items: Vec<Checked<'_>> = stored
                    .object_types
                    .iter()
                    .map(|choice| Checked { name: &choice.name, needed: choice.needed, rules: &choice.rules, kind: None })
                    .collect();
                told(ui, &own);
                let unticked = stored.object_types.iter().zip(&fields.draft.object_types);
                let losing: Vec<&str> = unticked
                    .filter(|(choice, selected)| choice.selected && !**selected && !choice.rules.is_empty())
                    .map(|(choice, _)| choice.name.as_str())
                    .collect();
                if !losing.is_empty() {
                    let text = format!(
                        "Objects of type {} leave the connector space with the next full import, and what their rules gave leaves the metaverse.",
                        losing.join(", ")
                    );
                    badge::strip(ui, Tone::Warn, &text, |_| ());
                }
                types.show(ui, cx, "object type", &items, &mut fields.draft.object_types, false);
            }
            Page::Attributes => {
                let items: Vec<Checked<'_>> = stored
                    .attributes
                    .iter()
                    .map(|choice| Checked {
                        name: &choice.name,
                        needed: choice.needed,
                        rules: &choice.rules,
                        kind: Some((choice.value_type.word(), choice.multi_valued)),
                    })
                    .collect();
                told(ui, &own);
                attributes.show(ui, cx, "attribute", &items, &mut fields.draft.attributes, true);
            }
            Page::Anchors => pages::anchors(ui, &fields),
            Page::General | Page::Connection | Page::Capabilities | Page::Protection | Page::Deprovisioning => {
                ScrollArea::vertical().id_salt(page.label(kind)).auto_shrink(false).show(ui, |ui| {
                    ui.spacing_mut().item_spacing.y = 7.0;
                    match page {
                        Page::General => pages::general(ui, cx, &mut fields),
                        Page::Connection => pages::connection(ui, &mut fields, test),
                        Page::Capabilities => capabilities.show(ui, cx, &fields.stored.name),
                        Page::Protection => {
                            pages::protection(ui, &mut fields);
                            if kind == ConnectorKind::Tenant {
                                tenant_limit.show(ui, cx, &fields.stored.name);
                            }
                        }
                        _ => pages::deprovisioning(ui, cx, &mut fields),
                    }
                });
            }
        }
    }

    /// What has to run after what was stored.
    fn runs_needed(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, connector: &ConnectorSummary) {
        let Some(report) = &self.report else { return };
        if !report.full_import {
            return;
        }
        let then = if report.full_synchronization { "Full Synchronization" } else { "Delta Synchronization" };
        let text = format!("Stored. Now run Full Import, then {then}.");
        let begins = |profile: &&syncline_engine::service::RunProfileView| {
            profile.steps.first().is_some_and(|step| step.step_type.starts_with("Full Import"))
        };
        let profile = connector.profiles.iter().find(begins).map(|profile| profile.name.clone());
        let mut dismissed = false;
        let run = badge::strip(ui, Tone::Warn, &text, |ui| {
            dismissed = ui.button("Dismiss").clicked();
            ui.button("Run...").on_hover_text("Start Full Import of this connector.").clicked()
        });
        ui.add_space(4.0);
        if run {
            cx.send(Command::ShowRunDialog { connector: Some(connector.name.clone()), profile });
        }
        if dismissed {
            self.report = None;
        }
    }

    /// The buttons; true when the window shall close.
    fn buttons(&mut self, ui: &mut Ui, cx: &Cx<'_>, faults: &[ConnectorFault]) -> bool {
        let changed = self.is_changed();
        let right = cx.situation.role.may(Right::Administer).err();
        let problem = if right.is_some() {
            right.as_deref()
        } else if self.saving.is_pending() {
            Some("It is being stored")
        } else if self.work.is_none() {
            Some("The properties are not there yet")
        } else {
            faults.first().map(|fault| fault.message.as_str())
        };
        let (mut close, mut accepted, mut applied) = (false, false, false);
        button_bar::bar(
            ui,
            |ui| {
                if self.saving.is_pending() {
                    ui.spinner();
                    ui.weak("Signing in and storing...");
                } else if let Some((stored, draft)) = self.work.as_ref().filter(|_| self.page == Page::Connection) {
                    self.test.button(ui, cx, stored, draft);
                }
            },
            |ui| {
                ui.with_layout(egui::Layout::right_to_left(Align::Center), |ui| {
                    close = ui.button("Cancel").clicked();
                    let apply = ui.add_enabled(problem.is_none() && changed, egui::Button::new("Apply"));
                    applied = apply.on_disabled_hover_text(problem.unwrap_or("Nothing was changed")).clicked();
                    let ok = action_ui::primary(ui, problem.is_none(), "OK");
                    accepted = ok.on_disabled_hover_text(problem.unwrap_or_default()).clicked();
                });
            },
        );
        if accepted || applied {
            if changed {
                self.save(cx, accepted);
            } else {
                close |= accepted;
            }
        }
        close
    }

    fn save(&mut self, cx: &Cx<'_>, closes: bool) {
        let Some((stored, draft)) = &self.work else { return };
        let (name, change) = (stored.name.clone(), draft.change(stored));
        self.closes = closes;
        self.report = None;
        self.saving.clear();
        self.saving.ask(
            cx.worker,
            question(cx.backend, move |engine| {
                let renamed = change.name.clone().unwrap_or_else(|| name.clone());
                match engine.change_connector(&name, &change) {
                    Ok(report) => Ok(Stored::Changed(report, Box::new(engine.connector_properties(&renamed)?))),
                    Err(EngineError::ConnectorChange(ConnectorChangeError::Refused(faults))) => Ok(Stored::Refused(faults)),
                    Err(error) => Err(error),
                }
            }),
        );
    }
}

fn told(ui: &mut Ui, faults: &[&ConnectorFault]) {
    for fault in faults {
        fields::fault(ui, &fault.message);
    }
}

/// A message as a sentence begins; names keep their spelling.
fn sentence(message: &str) -> String {
    let first = message.split(' ').next().unwrap_or_default();
    let words = ["a", "at", "container", "nothing", "no", "partition", "select", "the"];
    if !words.contains(&first) {
        return message.to_owned();
    }
    let mut letters = message.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
}
