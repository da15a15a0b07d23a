//! A server on loopback that answers as it was told, and notes what it was asked.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use serde_json::{Value, json};

/// What the server does with one request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Sends a status, headers and a JSON body.
    Send(u16, &'static str, Value),
    /// Sends a status and a body that is not JSON.
    Garbage(u16),
    /// Closes the connection without an answer.
    Drop,
}

/// One request that was received.
#[derive(Clone, Debug)]
pub struct Received {
    /// Method and path with query.
    pub line: String,
    /// The value of the Authorization header.
    pub authorization: String,
    /// The body.
    pub body: String,
}

#[derive(Debug, Default)]
struct State {
    answers: VecDeque<Answer>,
    token_answers: VecDeque<Answer>,
    received: Vec<Received>,
    tokens: u32,
    stopped: bool,
}

/// The server; it ends when it is dropped.
pub struct ScriptedServer {
    state: Arc<Mutex<State>>,
    port: u16,
    thread: Option<JoinHandle<()>>,
}

impl ScriptedServer {
    /// Starts a server that answers in this order. Requests for tokens get the tokens `t1`, `t2`, …,
    /// for one hour each, unless [`Self::answer_token`] says otherwise.
    pub fn start(answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State { answers: answers.into(), ..State::default() }));
        let shared = state.clone();
        let serve = move || {
            for stream in listener.incoming() {
                if shared.lock().unwrap().stopped {
                    return;
                }
                serve_one(&shared, &stream.unwrap());
            }
        };
        let thread = std::thread::Builder::new().name("scripted server".into()).spawn(serve).unwrap();
        Self { state, port, thread: Some(thread) }
    }

    /// Answers the next request for a token with this.
    pub fn answer_token(&self, answer: Answer) {
        self.state.lock().unwrap().token_answers.push_back(answer);
    }

    /// Address of the server.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What was received, without requests for tokens.
    pub fn received(&self) -> Vec<Received> {
        self.all_received().into_iter().filter(|received| !received.line.contains("/token")).collect()
    }

    /// All that was received.
    pub fn all_received(&self) -> Vec<Received> {
        self.state.lock().unwrap().received.clone()
    }
}

impl Drop for ScriptedServer {
    fn drop(&mut self) {
        self.state.lock().unwrap().stopped = true;
        TcpStream::connect(("127.0.0.1", self.port)).ok();
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

fn serve_one(state: &Mutex<State>, stream: &TcpStream) {
    let Some(received) = receive(stream) else { return };
    let answer = {
        let mut state = state.lock().unwrap();
        let answer = if received.line.contains("/oauth2/v2.0/token") {
            state.tokens += 1;
            let token = json!({"token_type": "Bearer", "expires_in": 3600, "access_token": format!("t{}", state.tokens)});
            state.token_answers.pop_front().unwrap_or(Answer::Send(200, "", token))
        } else {
            state.answers.pop_front().unwrap_or(Answer::Send(501, "", json!({"error": {"code": "unscripted"}})))
        };
        state.received.push(received);
        answer
    };
    let (status, headers, body) = match answer {
        Answer::Drop => return,
        Answer::Send(status, headers, body) => (status, headers, body.to_string()),
        Answer::Garbage(status) => (status, "", "<html>".to_owned()),
    };
    let head = format!("HTTP/1.1 {status} x\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
    let mut stream = stream;
    stream.write_all((head + &body).as_bytes()).ok();
}

fn receive(stream: &TcpStream) -> Option<Received> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let line = first.rsplit_once(' ')?.0.to_owned();
    let (mut authorization, mut length) = (String::new(), 0);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim().split_once(':') else { break };
        match name.to_lowercase().as_str() {
            "authorization" => authorization = value.trim().to_owned(),
            "content-length" => length = value.trim().parse().ok()?,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Received { line, authorization, body: String::from_utf8(body).ok()? })
}
