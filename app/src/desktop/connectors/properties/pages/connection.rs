//! How the directory is reached: of a forest, of a file, of a tenant.

use egui::{ComboBox, Label, RichText, TextEdit, Ui};
use secrecy::SecretString;
use syncline_engine::connector::active_directory::{ConnectionSecurity, DeltaMode, SignIn};
use syncline_engine::connector::generic_ldap::LdapDelta;
use syncline_engine::service::ConnectorProperties;
use syncline_engine::setup::ConnectorPlace;
use zeroize::Zeroizing;

use super::super::super::super::context::{Cx, question};
use super::super::super::super::theme::Palette;
use super::super::super::super::widgets::badge::{self, Tone};
use super::super::super::super::widgets::fields::{note, row, value};
use super::super::super::super::widgets::requested::Requested;
use super::super::draft::{ConnectionDraft, ForestDraft, LdapDraft, PropertiesDraft, TenantDraft};
use super::{Fields, hint};

/// Width of fields.
const FIELD: f32 = 420.0;

/// Test Connection with its answer.
#[derive(Default)]
pub struct TestButton {
    answer: Requested<()>,
    /// What was tried.
    tried: Option<(ConnectionDraft, Zeroizing<String>)>,
}

impl TestButton {
    /// Takes in the answer.
    pub fn poll(&mut self) {
        self.answer.poll();
    }

    /// Draws the button.
    pub fn button(&mut self, ui: &mut Ui, cx: &Cx<'_>, stored: &ConnectorProperties, draft: &PropertiesDraft) {
        let hint = "Signs in with what stands here, and stores nothing.";
        let button = ui.add_enabled(!self.answer.is_pending(), egui::Button::new("Test Connection"));
        if button.on_hover_text(hint).clicked() {
            let (name, settings) = (stored.name.clone(), draft.connection.settings());
            let secret = (!draft.secret.is_empty()).then(|| SecretString::from(draft.secret.as_str()));
            self.tried = Some((draft.connection.clone(), draft.secret.clone()));
            self.answer.clear();
            let ask = question(cx.backend, move |engine| engine.test_connection(&name, &settings, secret));
            self.answer.ask(cx.worker, ask);
        }
        if self.answer.is_pending() {
            ui.spinner();
            ui.weak("Connecting...");
        }
    }

    /// Draws the answer, as long as it is about what stands there.
    fn told(&self, ui: &mut Ui, draft: &PropertiesDraft) {
        let same = |(connection, secret): &(ConnectionDraft, Zeroizing<String>)| {
            *connection == draft.connection && *secret == draft.secret
        };
        if !self.tried.as_ref().is_some_and(same) || self.answer.is_pending() {
            return;
        }
        match (self.answer.error(), self.answer.value()) {
            (Some(error), _) => badge::strip(ui, Tone::Bad, error, |_| ()),
            (None, Some(())) => badge::strip(ui, Tone::Info, "The directory was reached, and it accepts the account.", |_| ()),
            (None, None) => {}
        }
    }
}

/// The page.
pub fn show(ui: &mut Ui, fields: &mut Fields<'_>, test: &TestButton) {
    test.told(ui, fields.draft);
    fields.told(ui, |place| matches!(place, ConnectorPlace::Connection | ConnectorPlace::Credential));
    let width = FIELD.min(ui.available_width() - 180.0);
    if fields.stored.hosted {
        note(
            ui,
            "This tenant runs on this computer, inside this program. Where it is and how it is signed in to is arranged at each start.",
        );
        ui.add_space(6.0);
    }
    let stored = fields.stored.has_secret;
    ui.add_enabled_ui(!fields.stored.hosted, |ui| match &mut fields.draft.connection {
        ConnectionDraft::Forest(draft) => {
            row(ui, "Forest name", |ui| {
                value(ui, draft.forest());
            });
            forest(ui, draft, &mut fields.draft.secret, stored, width);
        }
        ConnectionDraft::Ldap(draft) => ldap(ui, draft, &mut fields.draft.secret, stored, width),
        ConnectionDraft::File(_, path) => {
            row(ui, "File", |ui| {
                let field = TextEdit::singleline(path).desired_width(width).id_salt("path");
                ui.add(field).accessible_name("File");
                hint(ui, "An LDIF file with the objects of the forest. It is read whole at each import.");
            });
        }
        ConnectionDraft::Tenant(draft) => {
            tenant(ui, draft, width);
            secret(ui, &mut fields.draft.secret, "Client secret", stored, width);
        }
    });
}

fn text(ui: &mut Ui, caption: &str, text: &mut String, width: f32, told: &str) {
    row(ui, caption, |ui| {
        let field = TextEdit::singleline(text).desired_width(width).id_salt(caption);
        ui.add(field).accessible_name(caption);
        if !told.is_empty() {
            hint(ui, told);
        }
    });
}

fn secret(ui: &mut Ui, text: &mut String, caption: &str, stored: bool, width: f32) {
    row(ui, caption, |ui| {
        let unchanged = if stored { "unchanged" } else { "not stored yet" };
        let field = TextEdit::singleline(text).password(true).hint_text(unchanged).desired_width(width).id_salt(caption);
        ui.add(field).accessible_name(caption);
        hint(ui, "It is tried before it is stored, and used from the next run on.");
    });
}

/// How the account of a forest signs in. What this program cannot do is shown with the reason.
fn sign_in(ui: &mut Ui, chosen: &mut SignIn, width: f32) {
    row(ui, "Sign-in", |ui| {
        let word = |way: SignIn| match way {
            SignIn::Simple => "Simple, over an encrypted connection",
            SignIn::Ntlm => "NTLM, which encrypts the connection",
            SignIn::Gssapi => "Kerberos, which encrypts the connection",
        };
        let combo = ComboBox::from_id_salt("sign-in").selected_text(word(*chosen)).width(width);
        let shown = combo.show_ui(ui, |ui| {
            for way in SignIn::ALL {
                let missing = way.missing();
                ui.add_enabled_ui(missing.is_none(), |ui| {
                    let offered = ui.selectable_value(chosen, way, word(way));
                    if let Some(reason) = missing {
                        offered.on_disabled_hover_text(sentence(reason));
                    }
                });
            }
        });
        shown.response.accessible_name("Sign-in");
        match (chosen.missing(), *chosen) {
            (Some(reason), _) => {
                ui.add(Label::new(RichText::new(sentence(reason)).color(Palette::of(ui.style()).bad)).wrap());
            }
            (None, SignIn::Simple) => hint(ui, "The password is sent to the domain controller."),
            (None, SignIn::Ntlm | SignIn::Gssapi) => {
                hint(ui, "The password is not sent; everything is signed and encrypted without a certificate (port 389).");
            }
        }
    });
}

/// A reason as a sentence of its own.
fn sentence(reason: &str) -> String {
    let mut letters = reason.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}

/// How the connection is protected.
fn encryption(ui: &mut Ui, security: &mut ConnectionSecurity, allow_plain: &mut bool, server: &str, width: f32) {
    row(ui, "Encryption", |ui| {
        let word = |security: ConnectionSecurity| match security {
            ConnectionSecurity::Ldaps => "SSL from the first byte (LDAPS, port 636)",
            ConnectionSecurity::StartTls => "SSL after StartTLS (port 389)",
            ConnectionSecurity::Plain => "None (port 389)",
        };
        let combo = ComboBox::from_id_salt("encryption").selected_text(word(*security)).width(width);
        let shown = combo.show_ui(ui, |ui| {
            for offered in [ConnectionSecurity::Ldaps, ConnectionSecurity::StartTls, ConnectionSecurity::Plain] {
                ui.selectable_value(security, offered, word(offered));
            }
        });
        shown.response.accessible_name("Encryption");
        if *security == ConnectionSecurity::Plain {
            let colour = Palette::of(ui.style()).bad;
            ui.checkbox(allow_plain, "Send password and data unencrypted to other computers");
            let warning =
                "Everybody on the network can read the password then. Without this, only this computer itself is reached.";
            ui.add(Label::new(RichText::new(warning).color(colour)).wrap());
        } else {
            hint(ui, &format!("The certificate of the {server} is always verified."));
        }
    });
}

/// The fields of an LDAP directory.
fn ldap(ui: &mut Ui, draft: &mut LdapDraft, password: &mut String, stored: bool, width: f32) {
    row(ui, "Servers", |ui| {
        let field = TextEdit::multiline(&mut draft.servers).desired_rows(2).desired_width(width).id_salt("servers");
        ui.add(field).accessible_name("Servers");
        hint(ui, "One a line, in the order in which they are tried.");
    });
    text(ui, "Bind DN", &mut draft.user, width, "");
    secret(ui, password, "Password", stored, width);
    encryption(ui, &mut draft.security, &mut draft.allow_plain, "server", width);
    text(ui, "CA file", &mut draft.ca_file, width, "Empty: the authorities that this computer trusts.");
    row(ui, "Delta imports", |ui| {
        let word = |delta: LdapDelta| match delta {
            LdapDelta::Auto => "By content synchronization where it is offered",
            LdapDelta::SyncRepl => "By content synchronization (RFC 4533)",
            LdapDelta::Timestamp => "By modifyTimestamp",
        };
        let combo = ComboBox::from_id_salt("ldap delta").selected_text(word(draft.delta)).width(width);
        let shown = combo.show_ui(ui, |ui| {
            for delta in [LdapDelta::Auto, LdapDelta::SyncRepl, LdapDelta::Timestamp] {
                ui.selectable_value(&mut draft.delta, delta, word(delta));
            }
        });
        shown.response.accessible_name("Delta imports");
    });
}

/// The fields of a forest.
fn forest(ui: &mut Ui, draft: &mut ForestDraft, password: &mut String, stored: bool, width: f32) {
    text(ui, "User name", &mut draft.user, width, "");
    secret(ui, password, "Password", stored, width);
    text(ui, "Domain", &mut draft.domain, width, "Of the account, such as contoso.com or CONTOSO.");
    sign_in(ui, &mut draft.sign_in, width);
    if !draft.sign_in.seals() {
        encryption(ui, &mut draft.security, &mut draft.allow_plain, "domain controller", width);
    }
    if !draft.sign_in.seals() {
        let told = "Certificates of the authorities to trust, PEM or DER; empty for those of this computer.";
        text(ui, "CA file", &mut draft.ca_file, width, told);
    }
    row(ui, "Domain controllers", |ui| {
        let field = TextEdit::multiline(&mut draft.servers).desired_rows(2).desired_width(width).hint_text("dc1.contoso.com");
        ui.add(field.id_salt("servers")).accessible_name("Preferred domain controllers");
        hint(ui, "Preferred ones, one a line, tried in this order.");
        let several = !draft.servers.trim().is_empty();
        ui.add_enabled(several, egui::Checkbox::new(&mut draft.only_servers, "Only use preferred domain controllers"));
    });
    row(ui, "Delta imports", |ui| {
        let word = |delta: DeltaMode| match delta {
            DeltaMode::Auto => "DirSync where the account has the right, uSNChanged elsewhere",
            DeltaMode::DirSync => "DirSync",
            DeltaMode::Usn => "uSNChanged and tombstones",
        };
        let combo = ComboBox::from_id_salt("delta").selected_text(word(draft.delta)).width(width);
        let shown = combo.show_ui(ui, |ui| {
            for delta in [DeltaMode::Auto, DeltaMode::DirSync, DeltaMode::Usn] {
                ui.selectable_value(&mut draft.delta, delta, word(delta));
            }
        });
        shown.response.accessible_name("Delta imports");
    });
}

fn tenant(ui: &mut Ui, draft: &mut TenantDraft, width: f32) {
    row(ui, "Tenant", |ui| {
        value(ui, draft.name());
    });
    text(ui, "Tenant ID", &mut draft.tenant, width, "GUID or a verified domain.");
    text(ui, "Application ID", &mut draft.client, width, "");
    text(ui, "Address", &mut draft.address, width, "Of the synchronization service.");
    text(ui, "Sign-in address", &mut draft.authority, width, "");
    text(ui, "CA file", &mut draft.ca_file, width, "Certificates of authorities to trust besides those of this computer, PEM.");
}
