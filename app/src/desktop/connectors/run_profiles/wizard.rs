//! New Profile, New Step and Edit Step: a few pages on one draft.

use egui::{Align, ComboBox, Context, Id, Layout, Modal, RichText, ScrollArea, TextEdit, Ui};
use syncline_engine::service::{
    ConnectorKind, ConnectorSummary, LogFileUsage, StepField, shipped_step, step_covers_all, step_imports, step_types,
};

use super::super::super::theme::Palette;
use super::super::super::widgets::{action_ui, facts};
use super::super::fields::{fault, frame, row, value};
use super::draft::{Field, ProfilesDraft, StepDraft};

/// Width of fields.
const WIDE: f32 = 330.0;
const NARROW: f32 = 110.0;

/// What the pages are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A new profile.
    NewProfile,
    /// A new step of a profile.
    NewStep(u64),
    /// A step of a profile, by its place.
    EditStep(u64, usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Page {
    Name,
    Step,
    Connector,
    Summary,
}

impl Page {
    fn label(self) -> &'static str {
        match self {
            Self::Name => "Profile Name",
            Self::Step => "Configure Step",
            Self::Connector => "Connector Configuration",
            Self::Summary => "Summary",
        }
    }
}

/// What came of it.
pub enum Outcome {
    /// Nothing.
    Cancelled,
    /// A name, and the steps.
    Finished(String, Vec<StepDraft>),
}

/// The open pages.
pub struct Wizard {
    /// What they are for.
    pub purpose: Purpose,
    page: Page,
    name: String,
    step: StepDraft,
    /// The new profile has a step for each selected partition.
    each_partition: bool,
    focus: bool,
}

impl Wizard {
    /// Opens for something new, or on a step that is there.
    #[must_use]
    pub fn new(purpose: Purpose, connector: &ConnectorSummary, step: Option<&StepDraft>) -> Self {
        let partition = connector.partitions.first().map_or("", String::as_str);
        let fresh = || step_types().first().and_then(|first| shipped_step(first, partition)).map(|step| StepDraft::new(&step));
        let step = step.cloned().or_else(fresh);
        Self {
            purpose,
            page: if purpose == Purpose::NewProfile { Page::Name } else { Page::Step },
            name: String::new(),
            step: step.unwrap_or_else(|| StepDraft::new(&syncline_engine::service::RunProfileStepView::default())),
            each_partition: purpose == Purpose::NewProfile && connector.partitions.len() > 1,
            focus: true,
        }
    }

    fn title(&self) -> &'static str {
        match self.purpose {
            Purpose::NewProfile => "New Run Profile",
            Purpose::NewStep(_) => "New Step",
            Purpose::EditStep(..) => "Edit Step",
        }
    }

    fn pages(&self) -> &'static [Page] {
        match self.purpose {
            Purpose::NewProfile => &[Page::Name, Page::Step, Page::Connector, Page::Summary],
            Purpose::NewStep(_) | Purpose::EditStep(..) => &[Page::Step, Page::Connector],
        }
    }

    /// One step for each partition, or the one.
    fn steps(&self, connector: &ConnectorSummary) -> Vec<StepDraft> {
        if self.is_for_each() {
            connector.partitions.iter().map(|partition| StepDraft { partition: partition.clone(), ..self.step.clone() }).collect()
        } else {
            vec![self.step.clone()]
        }
    }

    fn is_for_each(&self) -> bool {
        self.each_partition && !step_covers_all(&self.step.step_type)
    }

    /// Draws the pages; gives what came of them once they are done.
    pub fn show(&mut self, ctx: &Context, connector: &ConnectorSummary, draft: &ProfilesDraft) -> Option<Outcome> {
        let name_fault = match self.purpose {
            Purpose::NewProfile => draft.name_fault(&self.name, None),
            Purpose::NewStep(_) | Purpose::EditStep(..) => None,
        };
        let faults = self.step.faults(&connector.partitions);
        let title = self.title();
        let room = ctx.content_rect().size();
        let modal = Modal::new(Id::unique(title)).frame(frame(ctx)).show(ctx, |ui| {
            ui.set_width((room.x - 80.0).min(680.0));
            ui.response().widget_info(|| egui::WidgetInfo::labeled(egui::Role::Dialog, true, title));
            facts::section(ui, title);
            ui.add_space(6.0);
            let height = (room.y - 190.0).min(400.0);
            ui.horizontal_top(|ui| {
                ui.allocate_ui_with_layout(egui::vec2(200.0, height), Layout::top_down_justified(Align::Min), |ui| {
                    ui.set_min_height(height);
                    self.page_list(ui, name_fault.is_some(), &faults);
                });
                ui.add_space(10.0);
                let size = egui::vec2(ui.available_width(), height);
                ui.allocate_ui_with_layout(size, Layout::top_down(Align::Min), |ui| {
                    ui.set_min_size(size);
                    ScrollArea::vertical().id_salt(self.page.label()).auto_shrink(false).show(ui, |ui| {
                        ui.spacing_mut().item_spacing.y = 7.0;
                        match self.page {
                            Page::Name => self.name_page(ui, name_fault.as_deref()),
                            Page::Step => self.step_page(ui, connector, &faults),
                            Page::Connector => self.connector_page(ui, connector, &faults),
                            Page::Summary => self.summary_page(ui, connector),
                        }
                    });
                });
            });
            ui.add_space(8.0);
            self.buttons(ui, connector, name_fault.or_else(|| faults.first().map(|(_, message)| message.clone())))
        });
        let closed = modal.should_close().then_some(Outcome::Cancelled);
        modal.inner.or(closed)
    }

    fn page_list(&mut self, ui: &mut Ui, bad_name: bool, faults: &[(Field, String)]) {
        let sizes = [StepField::Partition, StepField::BatchSize, StepField::PageSize, StepField::Timeout];
        let is_size = |field: &Field| matches!(field, Field::Step(field) if sizes.contains(field));
        for page in self.pages() {
            let bad = match page {
                Page::Name => bad_name && self.page != Page::Name,
                Page::Step => faults.iter().any(|(field, _)| !is_size(field)),
                Page::Connector => faults.iter().any(|(field, _)| is_size(field)),
                Page::Summary => false,
            };
            let button = egui::Button::selectable(self.page == *page, page.label())
                .min_size(egui::vec2(ui.available_width(), 30.0))
                .right_text("");
            let response = ui.add(button).accessible_name(page.label());
            if bad {
                let place = response.rect.right_center() - egui::vec2(14.0, 0.0);
                super::super::super::widgets::badge::severity(ui, place, syncline_engine::service::StatusClass::Error);
            }
            if response.clicked() {
                self.page = *page;
                self.focus = true;
            }
        }
    }

    fn name_page(&mut self, ui: &mut Ui, problem: Option<&str>) {
        ui.label("A run profile is a list of steps that run one after the other.");
        row(ui, "Name", |ui| {
            let field = TextEdit::singleline(&mut self.name).desired_width(WIDE).hint_text("Such as Import and Synchronize");
            let field = ui.add(field.id_salt("profile name")).accessible_name("Profile Name");
            if std::mem::take(&mut self.focus) {
                field.request_focus();
            }
            if let Some(problem) = problem.filter(|_| !self.name.is_empty()) {
                fault(ui, problem);
            }
        });
    }

    fn step_page(&mut self, ui: &mut Ui, connector: &ConnectorSummary, faults: &[(Field, String)]) {
        row(ui, "Type", |ui| {
            let before = self.step.step_type.clone();
            let combo = ComboBox::from_id_salt("step type").selected_text(&self.step.step_type).width(WIDE).height(400.0);
            let shown = combo.show_ui(ui, |ui| {
                for step_type in step_types() {
                    ui.selectable_value(&mut self.step.step_type, step_type.to_owned(), step_type);
                }
            });
            shown.response.accessible_name("Type");
            if before != self.step.step_type {
                self.take_shipped_sizes(&before);
            }
            told(ui, faults, Field::Step(StepField::Type));
            if let Some(note) = note(connector, &self.step) {
                ui.label(RichText::new(note).small().weak());
            }
        });
        ui.add_space(2.0);
        row(ui, "Log file", |ui| self.log_file(ui, faults));
        ui.add_space(2.0);
        row(ui, "Threshold", |ui| {
            let limits = [
                (&mut self.step.limits_objects, &mut self.step.objects, "objects", Field::Objects, true),
                (
                    &mut self.step.limits_deletions,
                    &mut self.step.deletions,
                    "deletions",
                    Field::Deletions,
                    self.step.step_type == "Export",
                ),
            ];
            for (wanted, text, what, field, possible) in limits {
                ui.horizontal(|ui| {
                    let name = format!("Specify number of {what} to process");
                    let possible = possible || *wanted;
                    let tick = ui.add_enabled(possible, egui::Checkbox::new(wanted, &name));
                    tick.on_disabled_hover_text("Only exports have this threshold");
                    let entry = TextEdit::singleline(text).desired_width(80.0).id_salt(what);
                    ui.add_enabled(*wanted, entry).accessible_name(format!("Number of {what}"));
                });
                told(ui, faults, field);
            }
            ui.label(RichText::new("The step ends after so many; the rest waits for the next run.").small().weak());
        });
    }

    /// Another type has other sizes, unless somebody chose them.
    fn take_shipped_sizes(&mut self, before: &str) {
        let shipped = |step_type: &str| shipped_step(step_type, &self.step.partition).map(|step| step.batch_size.to_string());
        if shipped(before).as_ref() == Some(&self.step.batch_size)
            && let Some(batch) = shipped(&self.step.step_type)
        {
            self.step.batch_size = batch;
        }
        if !self.step.exports() {
            self.step.limits_deletions = false;
        }
    }

    fn log_file(&mut self, ui: &mut Ui, faults: &[(Field, String)]) {
        let step = &mut self.step;
        let imports = step_imports(&step.step_type);
        ui.add_enabled_ui(imports, |ui| {
            let uses = [
                (None, "Do not create a log file"),
                (Some(LogFileUsage::Create), "Create a log file"),
                (Some(LogFileUsage::CreateAndStop), "Create a log file and stage nothing"),
                (Some(LogFileUsage::Resume), "Stage what a log file holds, without the directory"),
            ];
            for (usage, text) in uses {
                ui.radio_value(&mut step.log_file, usage, text);
            }
            if step.log_file.is_some() {
                let field = TextEdit::singleline(&mut step.log_name).hint_text("import.jsonl").desired_width(WIDE);
                ui.add(field.id_salt("log file")).accessible_name("Name of the log file");
                ui.label(RichText::new("It lies in the folder import-logs of the data folder.").small().weak());
            }
        });
        if !imports {
            ui.label(RichText::new("Only imports have a log file.").small().weak());
        }
        told(ui, faults, Field::Step(StepField::LogFile));
    }

    fn connector_page(&mut self, ui: &mut Ui, connector: &ConnectorSummary, faults: &[(Field, String)]) {
        let covers_all = step_covers_all(&self.step.step_type);
        row(ui, "Partition", |ui| {
            let each = format!("Each selected partition ({})", connector.partitions.len());
            let offered = self.purpose == Purpose::NewProfile && connector.partitions.len() > 1 && !covers_all;
            let shown = if self.is_for_each() { each.clone() } else { self.step.partition.clone() };
            let combo = ComboBox::from_id_salt("partition").selected_text(shown).width(WIDE).truncate();
            let shown = combo.show_ui(ui, |ui| {
                if offered && ui.selectable_label(self.each_partition, &each).clicked() {
                    self.each_partition = true;
                }
                for partition in &connector.partitions {
                    let chosen = !self.is_for_each() && self.step.partition == *partition;
                    if ui.selectable_label(chosen, partition).clicked() {
                        self.each_partition = false;
                        self.step.partition.clone_from(partition);
                    }
                }
            });
            shown.response.accessible_name("Partition");
            if covers_all {
                let text = "A synchronization covers the whole connector space, whatever its partition.";
                ui.label(RichText::new(text).small().weak());
            }
            told(ui, faults, Field::Step(StepField::Partition));
        });
        let step = &mut self.step;
        let sizes = [
            ("Batch Size (objects)", &mut step.batch_size, StepField::BatchSize, true),
            ("Page Size (objects)", &mut step.page_size, StepField::PageSize, connector.kind != ConnectorKind::Tenant),
            ("Timeout (seconds)", &mut step.timeout, StepField::Timeout, true),
        ];
        for (caption, text, field, shown) in sizes {
            if shown {
                row(ui, caption, |ui| {
                    let entry = TextEdit::singleline(text).desired_width(NARROW).id_salt(caption);
                    ui.add(entry).accessible_name(caption);
                    told(ui, faults, Field::Step(field));
                });
            }
        }
    }

    fn summary_page(&self, ui: &mut Ui, connector: &ConnectorSummary) {
        row(ui, "Name", |ui| drop(value(ui, self.name.trim())));
        row(ui, "Type", |ui| drop(value(ui, &self.step.step_type)));
        let steps = self.steps(connector);
        row(ui, if steps.len() == 1 { "Step" } else { "Steps" }, |ui| {
            for (place, step) in steps.iter().enumerate() {
                value(ui, format!("{}  {}", place + 1, step.partition));
            }
        });
        ui.label(RichText::new("Further steps can be added afterwards. Nothing is stored before OK or Apply.").weak());
    }

    fn buttons(&mut self, ui: &mut Ui, connector: &ConnectorSummary, problem: Option<String>) -> Option<Outcome> {
        let mut outcome = None;
        let place = self.pages().iter().position(|page| *page == self.page).unwrap_or(0);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if ui.button("Cancel").clicked() {
                outcome = Some(Outcome::Cancelled);
            }
            let finish = action_ui::primary(ui, problem.is_none(), "Finish");
            let finish = match &problem {
                Some(problem) => finish.on_disabled_hover_text(problem),
                None => finish,
            };
            if finish.clicked() {
                outcome = Some(Outcome::Finished(self.name.trim().to_owned(), self.steps(connector)));
            }
            for (text, to) in [("Next", Some(place + 1)), ("Previous", place.checked_sub(1))] {
                let to = to.and_then(|place| self.pages().get(place)).copied();
                if ui.add_enabled(to.is_some(), egui::Button::new(text)).clicked()
                    && let Some(to) = to
                {
                    self.page = to;
                    self.focus = true;
                }
            }
        });
        outcome
    }
}

fn told(ui: &mut Ui, faults: &[(Field, String)], field: Field) {
    for (_, message) in faults.iter().filter(|(known, _)| *known == field) {
        fault(ui, message);
    }
}

/// What a person should know of a type of step.
fn note(connector: &ConnectorSummary, step: &StepDraft) -> Option<&'static str> {
    let combined = step.step_type.contains(" and ");
    match connector.kind {
        ConnectorKind::File if step.exports() => Some("Nothing can be exported to a file."),
        ConnectorKind::File if step.step_type.starts_with("Delta Import") => {
            Some("A file cannot tell what has changed; take a full import.")
        }
        _ if combined => Some("Two steps in one. Separate profiles are easier to follow in the run history."),
        _ => None,
    }
}

/// The question for another name of a profile.
pub struct Rename {
    /// The profile.
    pub profile: u64,
    name: String,
    focus: bool,
}

impl Rename {
    /// Opens on a profile.
    #[must_use]
    pub fn new(profile: u64, name: &str) -> Self {
        Self { profile, name: name.to_owned(), focus: true }
    }

    /// Draws it; gives the new name, or none when the old one stays.
    pub fn show(&mut self, ctx: &Context, draft: &ProfilesDraft) -> Option<Option<String>> {
        let problem = draft.name_fault(&self.name, Some(self.profile));
        let title = "Rename Run Profile";
        let mut answer = None;
        let modal = Modal::new(Id::unique(title)).frame(frame(ctx)).show(ctx, |ui| {
            ui.set_width(420.0);
            ui.response().widget_info(|| egui::WidgetInfo::labeled(egui::Role::Dialog, true, title));
            facts::section(ui, title);
            ui.add_space(6.0);
            let field = TextEdit::singleline(&mut self.name).desired_width(f32::INFINITY).id_salt("new name");
            let field = ui.add(field).accessible_name("Profile Name");
            if std::mem::take(&mut self.focus) {
                field.request_focus();
            }
            let entered = field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
            match &problem {
                Some(problem) => fault(ui, problem),
                // The room stays, so that nothing moves while somebody types.
                None => drop(ui.label(RichText::new(" ").color(Palette::of(ui.style()).text_weak))),
            }
            ui.add_space(6.0);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if ui.button("Cancel").clicked() {
                    answer = Some(None);
                }
                let ok = action_ui::primary(ui, problem.is_none(), "OK");
                if ok.clicked() || (entered && problem.is_none()) {
                    answer = Some(Some(self.name.trim().to_owned()));
                }
            });
        });
        answer.or_else(|| modal.should_close().then_some(None))
    }
}
