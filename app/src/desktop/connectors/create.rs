//! Create Connector: which kind, then where its directory is (`ui.md` 4.2).

use egui::{Context, Id, Label, RichText, ScrollArea, TextEdit, Ui};
use secrecy::SecretString;
use syncline_engine::connector::active_directory::{ActiveDirectorySettings, ConnectionSecurity};
use syncline_engine::connector::file::{FileSchema, FileSettings};
use syncline_engine::connector::generic_ldap::GenericLdapSettings;
use syncline_engine::model::ConnectorId;
use syncline_engine::service::{ConnectorKind, ConnectorSummary, NewConnector};
use zeroize::Zeroizing;

use super::super::command::Command;
use super::super::context::{Cx, question};
use super::super::objects::{escaped, window};
use super::super::theme::Palette;
use super::super::widgets::fields::{fault, note, row};
use super::super::widgets::path_field::PathField;
use super::super::widgets::requested::Requested;
use super::super::widgets::{action_ui, button_bar, empty, facts};
use super::create_tenant::{NewTenant, TenantPage};

const TITLE: &str = "Create Connector";
/// Width of fields.
const FIELD: f32 = 360.0;

/// What a connector can be to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Forest,
    Ldap,
    File,
    Tenant,
    Sandbox,
}

impl Kind {
    fn label(self) -> &'static str {
        match self {
            Self::Forest => "Active Directory Domain Services",
            Self::Ldap => "Generic LDAP (OpenLDAP and others)",
            Self::File => "LDIF file (Active Directory schema)",
            Self::Tenant => "Microsoft Entra ID",
            Self::Sandbox => "Sandbox tenant on this computer",
        }
    }

    fn about(self) -> &'static str {
        match self {
            Self::Forest => "A forest, read and written over LDAP.",
            Self::Ldap => "A directory that is no forest, read and written over LDAP by rules of your own.",
            Self::File => "A forest in a file, for tests and pilots. It is only read.",
            Self::Tenant => "A tenant of Microsoft's clouds, reached over Microsoft Graph.",
            Self::Sandbox => "A tenant of your own to try everything on; nothing leaves this computer.",
        }
    }
}

/// A connector that shall be made.
enum Work {
    Ready(NewConnector),
    Tenant(NewTenant),
}

/// The open window.
pub struct CreateConnector {
    kind: Kind,
    name: String,
    user: String,
    password: Zeroizing<String>,
    servers: String,
    bases: String,
    anchor: String,
    ca_file: String,
    start_tls: bool,
    file: PathField,
    entra: TenantPage,
    tenant: String,
    domains: String,
    creating: Requested<ConnectorSummary>,
    focus: bool,
}

impl Default for CreateConnector {
    fn default() -> Self {
        Self {
            kind: Kind::Forest,
            name: String::new(),
            user: String::new(),
            password: Zeroizing::default(),
            servers: String::new(),
            bases: String::new(),
            anchor: String::new(),
            ca_file: String::new(),
            start_tls: false,
            file: PathField::file(),
            entra: TenantPage::default(),
            tenant: String::new(),
            domains: String::new(),
            creating: Requested::default(),
            focus: true,
        }
    }
}

impl CreateConnector {
    /// Draws the window; false once it is closed.
    pub fn show(&mut self, ctx: &Context, cx: &mut Cx<'_>) -> bool {
        if self.creating.poll()
            && let Some(made) = self.creating.take()
        {
            let id: ConnectorId = made.id;
            cx.send(Command::ShowConnector(id));
            return false;
        }
        let id = Id::unique(TITLE);
        let room = ctx.content_rect();
        let size = egui::vec2(880.0, 560.0).min(room.size() - egui::vec2(64.0, 104.0));
        let (mut open, mut close) = (true, false);
        let shown = window(ctx, TITLE).id(id).open(&mut open).default_size(size).min_size([600.0, 340.0]);
        shown.default_pos([80.0, 70.0]).constrain_to(room).show(ctx, |ui| close = self.contents(ui, cx));
        self.creating.is_pending() || (open && !close && !escaped(ctx, id))
    }

    /// Why it cannot be made yet.
    fn problem(&self, cx: &Cx<'_>) -> Option<String> {
        let need = |text: &str, what: &str| text.trim().is_empty().then(|| format!("Enter {what} first"));
        let taken = cx.connectors().iter().find(|known| known.name.eq_ignore_ascii_case(self.name.trim()));
        let named =
            need(&self.name, "the name").or(taken.map(|known| format!("A connector named \"{}\" already exists", known.name)));
        match self.kind {
            _ if self.creating.is_pending() => Some("It is being made".to_owned()),
            Kind::Forest => named.or(need(&self.user, "the account")).or(need(&self.password, "the password")),
            Kind::Ldap => named
                .or(need(&self.servers, "the server"))
                .or(need(&self.user, "the account"))
                .or(need(&self.password, "the password")),
            Kind::File => named.or(self.file.path().is_none().then(|| "Name the file first".to_owned())),
            Kind::Tenant | Kind::Sandbox => match cx.connectors().iter().find(|known| known.kind == ConnectorKind::Tenant) {
                Some(tenant) if !tenant.address.is_empty() => {
                    Some(format!("There is a tenant already, \"{}\", and there can be only one", tenant.name))
                }
                _ if self.kind == Kind::Tenant => self.entra.problem(),
                _ => need(&self.tenant, "the name of the tenant"),
            },
        }
    }

    fn contents(&mut self, ui: &mut Ui, cx: &Cx<'_>) -> bool {
        let problem = self.problem(cx);
        let mut accepted = false;
        let close = button_bar::bar(
            ui,
            |ui| {
                if self.creating.is_pending() {
                    ui.spinner();
                    ui.weak("Connecting and reading schema and partitions...");
                }
            },
            |ui| {
                let close = ui.add_enabled(!self.creating.is_pending(), egui::Button::new("Cancel")).clicked();
                let ok = action_ui::primary(ui, problem.is_none(), "Create");
                accepted = ok.on_disabled_hover_text(problem.as_deref().unwrap_or_default()).clicked();
                close
            },
        );
        if let Some(error) = self.creating.error() {
            empty::failure(ui, error);
            ui.add_space(4.0);
        }
        egui::Panel::left("kinds")
            .frame(egui::Frame::NONE.inner_margin(egui::Margin { right: 14, ..egui::Margin::ZERO }))
            .show_separator_line(false)
            .resizable(false)
            .exact_size(290.0)
            .show(ui, |ui| ScrollArea::vertical().id_salt("kinds").show(ui, |ui| self.kinds(ui)));
        egui::CentralPanel::no_frame().show(ui, |ui| {
            ScrollArea::vertical().id_salt("new connector").auto_shrink(false).show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 7.0;
                facts::section(ui, self.kind.label());
                match self.kind {
                    Kind::Forest => self.forest(ui),
                    Kind::Ldap => self.ldap(ui),
                    Kind::File => self.in_file(ui, cx),
                    Kind::Tenant => self.entra.show(ui, cx),
                    Kind::Sandbox => self.sandbox(ui),
                }
                if let Some(problem) = problem.as_ref().filter(|problem| problem.contains("already")) {
                    fault(ui, problem);
                }
            });
        });
        if accepted {
            self.create(cx);
        }
        close
    }

    fn kinds(&mut self, ui: &mut Ui) {
        for kind in [Kind::Forest, Kind::Ldap, Kind::File, Kind::Tenant, Kind::Sandbox] {
            let button = egui::Button::selectable(self.kind == kind, kind.label())
                .min_size(egui::vec2(ui.available_width(), 30.0))
                .right_text("");
            if ui.add(button).accessible_name(kind.label()).clicked() {
                self.kind = kind;
                self.creating.clear();
            }
            let about = RichText::new(kind.about()).small().color(Palette::of(ui.style()).text_weak);
            ui.add(Label::new(about).wrap());
            ui.add_space(6.0);
        }
        ui.add_space(6.0);
        note(
            ui,
            "Nothing is stored when the directory cannot be used. As soon as there are a forest and a tenant, the standard rules are made.",
        );
    }

    fn text(ui: &mut Ui, caption: &str, text: &mut String, hint: &str, secret: bool) -> egui::Response {
        let mut response = None;
        row(ui, caption, |ui| {
            let width = FIELD.min(ui.available_width() - 8.0);
            let field = TextEdit::singleline(text).password(secret).hint_text(hint).desired_width(width).id_salt(caption);
            response = Some(ui.add(field).accessible_name(caption));
        });
        response.unwrap_or_else(|| ui.label(""))
    }

    fn forest(&mut self, ui: &mut Ui) {
        let name = Self::text(ui, "Forest name", &mut self.name, "contoso.com", false);
        if std::mem::take(&mut self.focus) {
            name.request_focus();
        }
        Self::text(ui, "User name", &mut self.user, "svc_sync@contoso.com", false);
        Self::text(ui, "Password", &mut self.password, "", true);
        Self::text(ui, "Domain controllers", &mut self.servers, "found by the forest's name; or dc1.contoso.com, dc2...", false);
        Self::text(ui, "CA file", &mut self.ca_file, "authorities that this computer trusts", false);
        self.encryption(ui);
    }

    fn encryption(&mut self, ui: &mut Ui) {
        row(ui, "Encryption", |ui| {
            ui.radio_value(&mut self.start_tls, false, "SSL from the first byte (LDAPS, port 636)");
            ui.radio_value(&mut self.start_tls, true, "SSL after StartTLS (port 389)");
        });
    }

    fn ldap(&mut self, ui: &mut Ui) {
        Self::text(ui, "Name", &mut self.name, "people", false);
        Self::text(ui, "Servers", &mut self.servers, "ldap1.contoso.com, ldap2.contoso.com:636", false);
        Self::text(ui, "Bind DN", &mut self.user, "cn=sync,dc=contoso,dc=com", false);
        Self::text(ui, "Password", &mut self.password, "", true);
        Self::text(ui, "CA file", &mut self.ca_file, "authorities that this computer trusts", false);
        self.encryption(ui);
        Self::text(ui, "Base DNs", &mut self.bases, "all naming contexts; or several, separated by ;", false);
        Self::text(ui, "Anchor attribute", &mut self.anchor, "entryUUID", false);
        note(
            ui,
            "The anchor identifies each object for ever. The standard rules are for forests: what flows from and to this directory is said by rules of your own.",
        );
    }

    fn in_file(&mut self, ui: &mut Ui, cx: &Cx<'_>) {
        Self::text(ui, "Name", &mut self.name, "contoso.com", false);
        self.file.show(ui, cx.worker, "LDIF file", "File with the objects of the forest");
        if let Some(error) = self.file.error() {
            fault(ui, error);
        }
        note(ui, "Its objects are known by objectGUID, and its partitions are the domains in it.");
    }

    fn sandbox(&mut self, ui: &mut Ui) {
        Self::text(ui, "Tenant", &mut self.tenant, "contoso", false);
        Self::text(ui, "Verified domains", &mut self.domains, "contoso.com, fabrikam.com", false);
        note(ui, "Sign-in names in other domains get the tenant's initial domain, as in the cloud.");
    }

    /// What shall be made; what is in files is read by the worker.
    fn new_connector(&self) -> Work {
        let list = |text: &str| {
            text.split([',', ';', ' ']).map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>()
        };
        let name = self.name.trim().to_owned();
        Work::Ready(match self.kind {
            Kind::Tenant => return Work::Tenant(self.entra.tenant()),
            Kind::Forest => {
                let settings = ActiveDirectorySettings {
                    forest: name.clone(),
                    servers: list(&self.servers),
                    user: self.user.trim().to_owned(),
                    security: if self.start_tls { ConnectionSecurity::StartTls } else { ConnectionSecurity::Ldaps },
                    ca_file: Some(self.ca_file.trim()).filter(|path| !path.is_empty()).map(Into::into),
                    ..ActiveDirectorySettings::default()
                };
                let secret = SecretString::from(self.password.as_str());
                NewConnector::Forest { name, settings: Box::new(settings), secret }
            }
            Kind::Ldap => {
                let anchor = self.anchor.trim();
                let usual = GenericLdapSettings::default();
                let settings = GenericLdapSettings {
                    servers: list(&self.servers),
                    user: self.user.trim().to_owned(),
                    security: if self.start_tls { ConnectionSecurity::StartTls } else { ConnectionSecurity::Ldaps },
                    ca_file: Some(self.ca_file.trim()).filter(|path| !path.is_empty()).map(Into::into),
                    bases: self.bases.split(';').map(str::trim).filter(|base| !base.is_empty()).map(str::to_owned).collect(),
                    anchor: if anchor.is_empty() { usual.anchor.clone() } else { anchor.to_owned() },
                    ..usual
                };
                let secret = SecretString::from(self.password.as_str());
                NewConnector::Ldap { name, settings: Box::new(settings), secret }
            }
            Kind::File => {
                let path = self.file.path().unwrap_or_default();
                NewConnector::File { name, settings: FileSettings { path, schema: FileSchema::ActiveDirectory } }
            }
            Kind::Sandbox => NewConnector::Sandbox { tenant: self.tenant.trim().to_owned(), domains: list(&self.domains) },
        })
    }

    fn create(&mut self, cx: &Cx<'_>) {
        let new = self.new_connector();
        self.creating.clear();
        let backend = std::sync::Arc::clone(cx.backend);
        self.creating.ask(cx.worker, move || {
            let new = match new {
                Work::Ready(new) => new,
                Work::Tenant(tenant) => tenant.into_connector()?,
            };
            question(&backend, move |engine| engine.create_connector(new))()
        });
    }
}
