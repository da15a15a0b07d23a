//! The page of Create Connector for a tenant of Microsoft's clouds.

use std::path::PathBuf;

use egui::{ComboBox, TextEdit, Ui};
use secrecy::SecretString;
use syncline_engine::service::{BackendKind, Cloud, NewConnector, Proof};
use zeroize::Zeroizing;

use super::super::context::Cx;
use super::super::widgets::fields::{fault, note, row};
use super::super::widgets::path_field::PathField;
use crate::cli::secret::certificate;
use crate::tenant_choice::TenantChoice;

/// Width of fields.
const FIELD: f32 = 360.0;
const CLOUDS: [Cloud; 4] = [Cloud::Worldwide, Cloud::UsGovernment, Cloud::UsGovernmentDod, Cloud::China];
/// What the application must be allowed.
const ROLES: &str = "The application needs the roles User.ReadWrite.All, Group.ReadWrite.All, OrgContact.Read.All, \
                     Device.Read.All, Organization.Read.All, Domain.Read.All and Application.ReadWrite.OwnedBy.";

/// What is typed.
pub struct TenantPage {
    tenant: String,
    client: String,
    cloud: Cloud,
    sync_channel: bool,
    by_certificate: bool,
    secret: Zeroizing<String>,
    certificate: PathField,
    address: String,
    authority: String,
    ca_file: String,
    proxy: String,
    accept_synchronized: bool,
}

impl Default for TenantPage {
    fn default() -> Self {
        Self {
            tenant: String::new(),
            client: String::new(),
            cloud: Cloud::default(),
            sync_channel: false,
            by_certificate: false,
            secret: Zeroizing::default(),
            certificate: PathField::file(),
            address: String::new(),
            authority: String::new(),
            ca_file: String::new(),
            proxy: String::new(),
            accept_synchronized: false,
        }
    }
}

/// A tenant that shall be added; its secret may still be in a file.
pub struct NewTenant {
    choice: TenantChoice,
    secret: SecretString,
    certificate: Option<PathBuf>,
}

impl NewTenant {
    /// Reads the certificate, if that proves who the application is; for a worker thread.
    ///
    /// # Errors
    /// What is wrong with the file or an address, in a sentence.
    pub fn into_connector(self) -> Result<NewConnector, String> {
        let settings = Box::new(self.choice.settings()?);
        let secret = match &self.certificate {
            Some(path) => certificate(path).map_err(|failure| failure.message)?,
            None => self.secret,
        };
        Ok(NewConnector::Tenant { settings, secret })
    }
}

impl TenantPage {
    /// Why it cannot be made yet.
    pub fn problem(&self) -> Option<String> {
        let need = |text: &str, what: &str| text.trim().is_empty().then(|| format!("Enter {what} first"));
        need(&self.tenant, "the tenant")
            .or(need(&self.client, "the application"))
            .or(if self.by_certificate {
                self.certificate.path().is_none().then(|| "Name the certificate file first".to_owned())
            } else {
                need(&self.secret, "the client secret")
            })
            .or_else(|| self.choice().settings().err())
    }

    fn choice(&self) -> TenantChoice {
        let named = |text: &str| Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned);
        TenantChoice {
            tenant_id: self.tenant.trim().to_owned(),
            client_id: self.client.trim().to_owned(),
            cloud: self.cloud,
            authority: named(&self.authority),
            base_url: named(&self.address),
            backend: if self.sync_channel { BackendKind::SyncChannel } else { BackendKind::Graph },
            proof: if self.by_certificate { Proof::Certificate } else { Proof::Secret },
            ca_file: named(&self.ca_file).map(PathBuf::from),
            proxy: named(&self.proxy),
            accept_synchronized: self.accept_synchronized,
        }
    }

    /// What shall be added.
    pub fn tenant(&self) -> NewTenant {
        NewTenant {
            choice: self.choice(),
            secret: SecretString::from(self.secret.as_str()),
            certificate: self.certificate.path().filter(|_| self.by_certificate),
        }
    }

    /// Draws the fields.
    pub fn show(&mut self, ui: &mut Ui, cx: &Cx<'_>) {
        text(ui, "Tenant", &mut self.tenant, "GUID, or a verified domain such as contoso.com", false);
        text(ui, "Application ID", &mut self.client, "client identifier of the application", false);
        row(ui, "Cloud", |ui| {
            let combo = ComboBox::from_id_salt("cloud").selected_text(self.cloud.label()).width(220.0).show_ui(ui, |ui| {
                for cloud in CLOUDS {
                    ui.selectable_value(&mut self.cloud, cloud, cloud.label());
                }
            });
            combo.response.accessible_name("Cloud");
        });
        row(ui, "Signs in with", |ui| {
            ui.horizontal(|ui| {
                ui.radio_value(&mut self.by_certificate, false, "Client secret");
                ui.radio_value(&mut self.by_certificate, true, "Certificate");
            });
        });
        if self.by_certificate {
            self.certificate.show(ui, cx.worker, "Certificate file", "Certificate and private key, PEM");
            note(ui, "Certificate and private key of the application in one PEM file. It is stored encrypted.");
            if let Some(error) = self.certificate.error() {
                fault(ui, error);
            }
        } else {
            text(ui, "Client secret", &mut self.secret, "", true);
        }
        row(ui, "Reads and writes by", |ui| {
            ui.radio_value(&mut self.sync_channel, false, "Microsoft Graph");
            ui.radio_value(&mut self.sync_channel, true, "Synchronization channel of a sandbox tenant");
        });
        ui.collapsing("Addresses, proxy and authorities", |ui| {
            let (authority, graph) = self.cloud.endpoints();
            text(ui, "Address", &mut self.address, graph, false);
            text(ui, "Sign-in address", &mut self.authority, authority, false);
            text(ui, "Proxy", &mut self.proxy, "as HTTPS_PROXY says", false);
            text(ui, "CA file", &mut self.ca_file, "authorities that this computer trusts", false);
        });
        ui.checkbox(&mut self.accept_synchronized, "Export although Microsoft's own tool synchronizes to the tenant");
        note(ui, ROLES);
    }
}

fn text(ui: &mut Ui, caption: &str, text: &mut String, hint: &str, secret: bool) {
    row(ui, caption, |ui| {
        let width = FIELD.min(ui.available_width() - 8.0);
        let field = TextEdit::singleline(text).password(secret).hint_text(hint).desired_width(width).id_salt(caption);
        ui.add(field).accessible_name(caption);
    });
}
