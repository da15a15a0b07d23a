//! Creating an object type, adding and editing an attribute.

use std::collections::BTreeSet;

use egui::{Align, Checkbox, ComboBox, Context, Id, Key, Layout, RichText, ScrollArea, TextEdit, Ui, vec2};
use syncline_engine::model::{AttributeDefinition, ValueType};
use syncline_engine::service::{MvSchemaAttributeView, MvTypeView, SchemaChangeView};
use syncline_engine::setup::{SchemaChange, attribute_name_problem, described, is_indexable, type_name_problem};

use super::super::context::{Cx, question};
use super::super::objects::{centered, escaped, window};
use super::super::rules_editor::choice::{Item, choose};
use super::super::theme::Palette;
use super::super::widgets::action_ui;
use super::super::widgets::badge::{self, Tone};
use super::super::widgets::requested::Requested;

/// The types of attributes as the form offers them; of those that can be indexed there are two kinds.
const KINDS: [(&str, ValueType, bool); 7] = [
    ("String (indexable)", ValueType::String, true),
    ("String (non-indexable)", ValueType::String, false),
    ("Binary (indexable)", ValueType::Binary, true),
    ("Binary (non-indexable)", ValueType::Binary, false),
    ("Number", ValueType::Integer, false),
    ("Boolean", ValueType::Boolean, false),
    ("Reference (DN)", ValueType::Reference, false),
];

const ROW: f32 = 24.0;

/// What is filled in.
enum Form {
    CreateType { name: String, all: Vec<AttributeDefinition>, filter: String, picked: BTreeSet<String> },
    AddAttribute { object_type: String, others: Vec<AttributeDefinition>, existing: bool, chosen: String, new: NewAttribute },
    EditAttribute { before: AttributeDefinition, new: NewAttribute, populated: bool },
}

/// The fields of an attribute.
#[derive(Clone, Debug)]
struct NewAttribute {
    name: String,
    kind: usize,
    multi_valued: bool,
    indexed: bool,
}

impl NewAttribute {
    fn of(definition: &AttributeDefinition) -> Self {
        let wanted = (definition.value_type, is_indexable(definition.value_type));
        let kind = KINDS.iter().position(|(_, value_type, indexable)| (*value_type, *indexable) == wanted);
        Self {
            name: definition.name.clone(),
            kind: kind.unwrap_or(0),
            multi_valued: definition.multi_valued,
            indexed: definition.indexed,
        }
    }

    fn kind(&self) -> (&'static str, ValueType, bool) {
        KINDS.get(self.kind).copied().unwrap_or(("String (indexable)", ValueType::String, true))
    }

    fn definition(&self) -> AttributeDefinition {
        let (_, value_type, indexable) = self.kind();
        AttributeDefinition {
            name: self.name.trim().to_owned(),
            value_type,
            multi_valued: self.multi_valued && value_type != ValueType::Boolean,
            indexed: self.indexed && indexable,
        }
    }

    /// Draws type, Multi-value and Indexed.
    fn show(&mut self, ui: &mut Ui, fixed: bool) {
        ui.add_enabled_ui(!fixed, |ui| {
            field(ui, "Type", |ui| {
                let combo = ComboBox::from_id_salt("kind").selected_text(self.kind().0).width(240.0).show_ui(ui, |ui| {
                    for (place, (label, ..)) in KINDS.iter().enumerate() {
                        ui.selectable_value(&mut self.kind, place, *label);
                    }
                });
                combo.response.accessible_name("Type");
            });
        });
        let (label, value_type, indexable) = self.kind();
        field(ui, "", |ui| {
            let several = value_type != ValueType::Boolean;
            let mut multi = self.multi_valued && several;
            let response = ui.add_enabled(several && !fixed, Checkbox::new(&mut multi, "Multi-value"));
            if response.changed() {
                self.multi_valued = multi;
            }
            response.on_disabled_hover_text(if several { HELD } else { "A boolean attribute holds one value" });
            ui.add_space(12.0);
            let mut indexed = self.indexed && indexable;
            let response = ui.add_enabled(indexable, Checkbox::new(&mut indexed, "Indexed"));
            if response.changed() {
                self.indexed = indexed;
            }
            response
                .on_hover_text("Rules that join by it and searches find it fast; indexed strings hold at most 448 characters.")
                .on_disabled_hover_text(format!("An attribute of type {label} cannot be indexed"));
        });
    }
}

const HELD: &str = "Objects hold values of it; only Indexed can be changed";

/// A form and what came of it.
pub struct FormWindow {
    form: Form,
    answer: Requested<SchemaChangeView>,
    focus: bool,
}

impl FormWindow {
    fn on(form: Form) -> Self {
        Self { form, answer: Requested::default(), focus: true }
    }

    /// A new object type.
    #[must_use]
    pub fn create_type(schema: &[MvTypeView]) -> Self {
        let all = definitions(schema);
        Self::on(Form::CreateType { name: String::new(), all, filter: String::new(), picked: BTreeSet::new() })
    }

    /// Another attribute of a type.
    #[must_use]
    pub fn add_attribute(schema: &[MvTypeView], kind: &MvTypeView) -> Self {
        let has = |name: &str| kind.attributes.iter().any(|known| known.name.eq_ignore_ascii_case(name));
        let others = definitions(schema).into_iter().filter(|definition| !has(&definition.name)).collect();
        Self::on(Form::AddAttribute {
            object_type: kind.name.clone(),
            others,
            existing: false,
            chosen: String::new(),
            new: NewAttribute { name: String::new(), kind: 0, multi_valued: false, indexed: false },
        })
    }

    /// An attribute as it is; `populated` when objects hold values of it.
    #[must_use]
    pub fn edit_attribute(attribute: &MvSchemaAttributeView, populated: bool) -> Self {
        let before = definition(attribute);
        Self::on(Form::EditAttribute { new: NewAttribute::of(&before), before, populated })
    }

    fn title(&self) -> String {
        match &self.form {
            Form::CreateType { .. } => "Create Object Type".to_owned(),
            Form::AddAttribute { object_type, .. } => format!("Add Attribute - {object_type}"),
            Form::EditAttribute { before, .. } => format!("Edit Attribute - {}", before.name),
        }
    }

    /// Takes in the answer: what was done.
    pub fn poll(&mut self) -> Option<String> {
        if self.answer.poll() { self.answer.take().map(|view| view.told) } else { None }
    }

    /// The change that is filled in, or what is wrong with it.
    fn change(&self, schema: &[MvTypeView]) -> Result<SchemaChange, String> {
        match &self.form {
            Form::CreateType { name, picked, .. } => {
                let name = name.trim();
                if let Some(problem) = type_name_problem(name) {
                    return Err(problem);
                }
                if let Some(known) = schema.iter().find(|kind| kind.name.eq_ignore_ascii_case(name)) {
                    return Err(format!("An object type named \"{}\" already exists", known.name));
                }
                Ok(SchemaChange::CreateType { name: name.to_owned(), attributes: picked.iter().cloned().collect() })
            }
            Form::AddAttribute { object_type, others, existing: true, chosen, .. } => {
                if !others.iter().any(|other| other.name == *chosen) {
                    return Err("Choose an attribute".to_owned());
                }
                Ok(SchemaChange::AllowAttributes { object_type: object_type.clone(), attributes: vec![chosen.clone()] })
            }
            Form::AddAttribute { object_type, new, .. } => {
                let definition = new.definition();
                if let Some(problem) = attribute_name_problem(&definition.name) {
                    return Err(problem);
                }
                let mut known = schema.iter().flat_map(|kind| &kind.attributes);
                if let Some(known) = known.find(|known| known.name.eq_ignore_ascii_case(&definition.name)) {
                    return Err(format!(
                        "An attribute named \"{}\" already exists; choose it under Existing attribute",
                        known.name
                    ));
                }
                Ok(SchemaChange::AddAttribute { object_type: object_type.clone(), definition })
            }
            Form::EditAttribute { before, new, .. } => {
                let definition = new.definition();
                if definition == *before {
                    return Err("Nothing was changed".to_owned());
                }
                Ok(SchemaChange::EditAttribute(definition))
            }
        }
    }

    /// Draws the window; false once it is closed.
    pub fn show(&mut self, ctx: &Context, cx: &mut Cx<'_>, schema: &[MvTypeView]) -> bool {
        let (mut open, mut close) = (true, false);
        let id = Id::unique("schema form");
        let shown = window(ctx, self.title()).id(id).open(&mut open).resizable(false);
        centered(ctx, shown, [500.0, 360.0]).show(ctx, |ui| close = self.contents(ui, cx, schema));
        open && !close && !escaped(ctx, id)
    }

    fn contents(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, schema: &[MvTypeView]) -> bool {
        let palette = Palette::of(ui.style());
        ui.set_min_width(470.0);
        let entered = self.fields(ui);
        let change = self.change(schema);
        ui.add_space(4.0);
        // The line keeps its room, so that nothing moves while somebody types.
        match &change {
            // What nobody has filled in yet is no mistake.
            Err(problem) if self.is_untouched() => ui.label(RichText::new(problem).small().weak()),
            Err(problem) => ui.label(RichText::new(problem).small().color(palette.bad)),
            Ok(_) => ui.label(RichText::new(" ").small()),
        };
        if let Some(error) = self.answer.error() {
            badge::strip(ui, Tone::Bad, error, |_| ());
        }
        ui.add_space(6.0);
        let busy = self.answer.is_pending();
        let mut cancelled = false;
        let row = vec2(ui.available_width(), ui.spacing().interact_size.y);
        ui.allocate_ui_with_layout(row, Layout::right_to_left(Align::Center), |ui| {
            cancelled = ui.button("Cancel").clicked();
            let ok = action_ui::primary(ui, change.is_ok() && !busy, "OK");
            let ok = ok.on_disabled_hover_text(change.as_ref().err().map_or("", String::as_str));
            if busy {
                ui.spinner();
            }
            if let Ok(change) = change
                && (ok.clicked() || (entered && !busy))
            {
                self.answer.clear();
                self.answer.ask(cx.worker, question(cx.backend, move |engine| engine.change_metaverse_schema(&change)));
            }
        });
        cancelled
    }

    fn is_untouched(&self) -> bool {
        match &self.form {
            Form::CreateType { name, .. } => name.is_empty(),
            Form::AddAttribute { existing: true, chosen, .. } => chosen.is_empty(),
            Form::AddAttribute { new, .. } => new.name.is_empty(),
            Form::EditAttribute { before, new, .. } => new.definition() == *before,
        }
    }

    /// Draws the fields; true when Enter was pressed in the name.
    fn fields(&mut self, ui: &mut Ui) -> bool {
        let focus = std::mem::take(&mut self.focus);
        match &mut self.form {
            Form::CreateType { name, all, filter, picked } => {
                let entered = named(ui, name, focus);
                ui.add_space(4.0);
                attribute_picks(ui, all, filter, picked);
                entered
            }
            Form::AddAttribute { others, existing, chosen, new, .. } => {
                ui.horizontal(|ui| {
                    ui.radio_value(existing, false, "New attribute");
                    ui.radio_value(existing, true, "Existing attribute");
                });
                ui.add_space(6.0);
                if *existing {
                    field(ui, "Attribute", |ui| {
                        let items = || others.iter().map(Item::attribute).collect();
                        if let (_, Some(picked)) = choose(ui, "Attribute", chosen, 240.0, items) {
                            *chosen = picked;
                        }
                    });
                    let known = others.iter().find(|other| other.name == *chosen);
                    let about = known.map_or_else(|| "An attribute that another object type has".to_owned(), described);
                    field(ui, "", |ui| ui.weak(about));
                    return false;
                }
                let entered = named(ui, &mut new.name, focus);
                new.show(ui, false);
                entered
            }
            Form::EditAttribute { new, populated, before } => {
                field(ui, "Name", |ui| ui.label(&before.name));
                new.show(ui, *populated);
                if *populated {
                    ui.add_space(2.0);
                    field(ui, "", |ui| ui.weak(HELD));
                }
                false
            }
        }
    }
}

/// A caption with its field beside it.
fn field<R>(ui: &mut Ui, caption: &str, contents: impl FnOnce(&mut Ui) -> R) -> R {
    ui.horizontal(|ui| {
        ui.allocate_ui_with_layout(vec2(110.0, ROW), Layout::left_to_right(Align::Center), |ui| {
            ui.set_min_width(110.0);
            ui.label(caption);
        });
        contents(ui)
    })
    .inner
}

fn named(ui: &mut Ui, name: &mut String, focus: bool) -> bool {
    field(ui, "Name", |ui| {
        let response = ui.add(TextEdit::singleline(name).desired_width(330.0).id_salt("name")).accessible_name("Name");
        if focus {
            response.request_focus();
        }
        response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter))
    })
}

fn attribute_picks(ui: &mut Ui, all: &[AttributeDefinition], filter: &mut String, picked: &mut BTreeSet<String>) {
    ui.horizontal(|ui| {
        ui.label(format!("Attributes ({} of {} chosen)", picked.len(), all.len()));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let field = TextEdit::singleline(filter).hint_text("Filter").desired_width(160.0).id_salt("filter");
            ui.add(field).accessible_name("Filter the attributes");
        });
    });
    let wanted = filter.trim().to_lowercase();
    let shown: Vec<&AttributeDefinition> = all.iter().filter(|known| known.name.to_lowercase().contains(&wanted)).collect();
    super::super::theme::card(ui.style()).show(ui, |ui| {
        ScrollArea::vertical().id_salt("picks").max_height(ROW * 9.0).auto_shrink(false).show_rows(
            ui,
            ROW,
            shown.len(),
            |ui, range| {
                for definition in shown.get(range).unwrap_or_default() {
                    ui.horizontal(|ui| {
                        ui.set_min_height(ROW);
                        let mut on = picked.contains(&definition.name);
                        if ui.checkbox(&mut on, &definition.name).changed() {
                            if on {
                                picked.insert(definition.name.clone());
                            } else {
                                picked.remove(&definition.name);
                            }
                        }
                        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                            ui.label(RichText::new(described(definition)).small().weak());
                        });
                    });
                }
            },
        );
    });
}

fn definition(attribute: &MvSchemaAttributeView) -> AttributeDefinition {
    AttributeDefinition {
        name: attribute.name.clone(),
        value_type: attribute.value_type,
        multi_valued: attribute.multi_valued,
        indexed: attribute.indexed,
    }
}

/// The attributes of all types, each once, by name.
fn definitions(schema: &[MvTypeView]) -> Vec<AttributeDefinition> {
    let mut all: Vec<AttributeDefinition> = schema.iter().flat_map(|kind| &kind.attributes).map(definition).collect();
    all.sort_by_cached_key(|definition| definition.name.to_lowercase());
    all.dedup_by(|one, other| one.name == other.name);
    all
}
