//! A tenant in a temporary folder and a client that talks to it.

use std::sync::{Arc, Mutex, Once};

use jiff::Timestamp;
use serde_json::{Value, json};
use syncline_sandbox::{Sandbox, SandboxOptions};
use tempfile::TempDir;

/// Making a key takes long, so every tenant of the tests signs with the same one.
static SIGNING_KEY: Mutex<Option<String>> = Mutex::new(None);
static PROVIDER: Once = Once::new();

pub struct Client {
    pub sandbox: Option<Arc<Sandbox>>,
    pub folder: Arc<TempDir>,
    pub http: reqwest::Client,
    pub token: String,
    pub secret: String,
}

pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Answer {
    /// Error code of the directory or the sync channel.
    pub fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }
}

pub fn options(folder: &TempDir) -> SandboxOptions {
    let now: Timestamp = "2024-06-01T00:00:00Z".parse().unwrap();
    SandboxOptions {
        verified_domains: vec!["contoso.com".to_owned()],
        control: true,
        clock: Arc::new(move || now),
        seed: Some(7),
        ..SandboxOptions::new(folder.path(), "contoso")
    }
}

/// The key every tenant of the tests signs with.
pub fn signing_key() -> String {
    SIGNING_KEY.lock().unwrap().clone().unwrap()
}

pub fn start(folder: &TempDir) -> Sandbox {
    start_with(folder, options(folder))
}

pub fn start_with(folder: &TempDir, options: SandboxOptions) -> Sandbox {
    let path = folder.path().join("signing-key.pem");
    let mut key = SIGNING_KEY.lock().unwrap();
    if let Some(pem) = key.as_ref() {
        std::fs::write(&path, pem).unwrap();
    }
    let sandbox = Sandbox::start(options).unwrap();
    *key = Some(std::fs::read_to_string(&path).unwrap());
    sandbox
}

pub fn http_client(sandbox: &Sandbox) -> reqwest::Client {
    PROVIDER.call_once(|| {
        rustls::crypto::ring::default_provider().install_default().unwrap();
    });
    let pem = std::fs::read(sandbox.ca_pem()).unwrap();
    let authority = reqwest::Certificate::from_pem(&pem).unwrap();
    reqwest::Client::builder().tls_certs_only([authority]).no_proxy().build().unwrap()
}

/// The least a new user needs.
pub fn user_body(nickname: &str) -> Value {
    json!({
        "accountEnabled": true, "displayName": nickname, "mailNickname": nickname,
        "userPrincipalName": format!("{nickname}@contoso.com"),
        "passwordProfile": { "password": "Password123!", "forceChangePasswordNextSignIn": false },
    })
}

impl Client {
    pub async fn new() -> Client {
        Client::seeded(7).await
    }

    /// A client of a tenant with ids of its own.
    pub async fn seeded(seed: u64) -> Client {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = start_with(&folder, SandboxOptions { seed: Some(seed), ..options(&folder) });
        let http = http_client(&sandbox);
        let secret = sandbox.new_client_secret().unwrap();
        let (sandbox, folder) = (Some(Arc::new(sandbox)), Arc::new(folder));
        let mut client = Client { sandbox, folder, http, token: String::new(), secret };
        client.sign_in().await;
        client
    }

    /// A client of the same tenant that holds other roles.
    pub async fn as_app(&self, roles: &[&str]) -> Client {
        let made = self.control("POST", "seed", json!({ "clients": [{ "name": "other", "roles": roles }] })).await;
        let text = |name: &str| made["clients"][0][name].as_str().unwrap().to_owned();
        let token = self.sign_in_as(&text("clientId"), &text("clientSecret")).await;
        Client {
            sandbox: self.sandbox.clone(),
            folder: self.folder.clone(),
            http: self.http.clone(),
            token,
            secret: text("clientSecret"),
        }
    }

    /// Stops the tenant; nobody else may use it any more.
    pub fn stop(&mut self) {
        Arc::into_inner(self.sandbox.take().unwrap()).unwrap().stop();
    }

    pub fn sandbox(&self) -> &Sandbox {
        self.sandbox.as_ref().unwrap()
    }

    pub async fn sign_in(&mut self) {
        let (id, secret) = (self.sandbox().client_id().to_owned(), self.secret.clone());
        self.token = self.sign_in_as(&id, &secret).await;
    }

    pub async fn sign_in_as(&self, client_id: &str, secret: &str) -> String {
        let answer = self.token_request("contoso.com", client_id, secret).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body["access_token"].as_str().unwrap().to_owned()
    }

    pub async fn token_request(&self, tenant: &str, client_id: &str, secret: &str) -> Answer {
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", client_id),
            ("client_secret", secret),
            ("scope", "https://graph.microsoft.com/.default"),
        ];
        self.token_form(tenant, &fields).await
    }

    pub async fn token_form(&self, tenant: &str, fields: &[(&str, &str)]) -> Answer {
        let url = format!("{}/{tenant}/oauth2/v2.0/token", self.sandbox().http_url());
        read(self.http.post(url).form(fields)).await
    }

    pub async fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.sandbox().http_url()) };
        let mut request =
            self.http.request(method.parse().unwrap(), url).bearer_auth(&self.token).header("client-request-id", "my-request");
        if let Some(body) = body {
            request = request.json(body);
        }
        read(request).await
    }

    /// A request with headers of its own.
    pub async fn send_with(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Answer {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.sandbox().http_url()) };
        let mut request = self.http.request(method.parse().unwrap(), url).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(request).await
    }

    /// A change of the directory that must be answered with the status; the answer's body.
    pub async fn graph(&self, method: &str, path: &str, body: Value, status: u16) -> Value {
        let body = (!body.is_null()).then_some(body);
        let answer = self.send(method, &format!("/v1.0/{path}"), body.as_ref()).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
        answer.body
    }

    /// The message of a refused change of the directory.
    pub async fn refused(&self, method: &str, path: &str, body: Value, status: u16) -> String {
        self.graph(method, path, body, status).await["error"]["message"].as_str().unwrap().to_owned()
    }

    /// A new cloud user; its id.
    pub async fn new_user(&self, nickname: &str) -> String {
        let user = self.graph("POST", "users", user_body(nickname), 201).await;
        user["id"].as_str().unwrap().to_owned()
    }

    /// A new security group with members; its id.
    pub async fn new_group(&self, nickname: &str) -> String {
        let body = json!({ "displayName": nickname, "mailNickname": nickname, "mailEnabled": false, "securityEnabled": true });
        let group = self.graph("POST", "groups", body, 201).await;
        group["id"].as_str().unwrap().to_owned()
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None).await
    }

    /// A read that must succeed.
    pub async fn read(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }

    /// A call of the control API that must succeed.
    pub async fn control(&self, method: &str, path: &str, body: Value) -> Value {
        let answer = self.send(method, &format!("/sandbox/v1/{path}"), Some(&body)).await;
        assert!(answer.status < 300, "{path}: {}", answer.body);
        answer.body
    }

    pub async fn seed(&self, objects: Value) -> Vec<String> {
        let planted = self.control("POST", "seed", json!({ "objects": objects })).await;
        let anchors = planted["objects"].as_array().unwrap();
        anchors.iter().map(|anchor| anchor.as_str().unwrap().to_owned()).collect()
    }

    pub async fn features(&self, bits: u64) {
        self.control("POST", "seed", json!({ "features": { "bits": bits } })).await;
    }

    pub async fn advance(&self, span: &str) {
        self.control("POST", "clock", json!({ "advance": span })).await;
    }

    pub async fn provision(&self, changes: Value) -> Vec<Value> {
        let body = json!({ "client": "SYNC01", "changes": changes });
        let answer = self.send("POST", "/dirsync/v1/provision", Some(&body)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body["results"].as_array().unwrap().clone()
    }

    /// One `set`; the result of the change.
    pub async fn set(&self, kind: &str, anchor: &str, attributes: Value) -> Value {
        let change = json!({
            "id": "1", "operation": "set", "objectType": kind,
            "sourceAnchor": anchor, "cloudAnchor": null, "attributes": attributes,
        });
        self.provision(json!([change])).await.remove(0)
    }

    /// A `set` that must succeed; the cloud anchor.
    pub async fn write(&self, kind: &str, anchor: &str, attributes: Value) -> String {
        let result = self.set(kind, anchor, attributes).await;
        assert_eq!(result["status"], "success", "{result}");
        result["cloudAnchor"].as_str().unwrap().to_owned()
    }

    pub async fn delete(&self, kind: &str, anchor: &str) -> Value {
        let change = json!({ "id": "1", "operation": "delete", "objectType": kind, "sourceAnchor": anchor });
        self.provision(json!([change])).await.remove(0)
    }

    /// A user by cloud anchor or name, with the properties.
    pub async fn user(&self, name: &str, select: &str) -> Value {
        let name = name.trim_start_matches("User_");
        self.read(&format!("/v1.0/users/{name}?$select={select}")).await
    }

    /// Every object of a reading that starts at the path, and the link to go on with.
    pub async fn pages(&self, path: &str) -> (Vec<Value>, String) {
        let mut found = Vec::new();
        let mut next = path.to_owned();
        loop {
            let page = self.read(&next).await;
            found.extend(page["value"].as_array().unwrap().iter().cloned());
            let more = page.get("nextLink").or_else(|| page.get("@odata.nextLink"));
            match more {
                Some(link) => next = link.as_str().unwrap().to_owned(),
                None => {
                    let link = page
                        .get("deltaLink")
                        .or_else(|| page.get("@odata.deltaLink"))
                        .and_then(Value::as_str)
                        .unwrap_or_default();
                    return (found, link.to_owned());
                }
            }
        }
    }
}

/// Sends a request; what the directory answers is held against the official metadata.
pub async fn read(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let path = response.url().path().to_owned();
    let bytes = response.bytes().await.unwrap();
    let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
    if path.starts_with("/v1.0") && !bytes.is_empty() && !headers.contains_key("x-planned") {
        let faults = crate::conformance::faults(status, &body);
        assert!(faults.is_empty(), "{path}: {faults:?} in {body}");
    }
    Answer { status, headers, body }
}
