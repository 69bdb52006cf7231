//! One call as a recording client places it: INVITE, ACK, BYE, and what is sent again.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

const T1: Duration = Duration::from_millis(500);
const T2: Duration = Duration::from_secs(4);

/// How a call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// No final answer yet.
    Unanswered,
    /// A 2xx came.
    Answered,
    /// Its BYE has its answer.
    Ended,
    /// 503: the server has no room for it.
    Refused,
    /// Any other answer.
    Failed,
}

/// One call.
pub struct Call {
    /// How it stands.
    pub outcome: Outcome,
    /// Where the answer wants the media, by m-line.
    pub media_ports: Vec<u16>,
    /// How often a request was sent again.
    pub retransmitted: usize,
    number: usize,
    local: u16,
    placed: Instant,
    answered: Option<Instant>,
    to: String,
    target: String,
    is_ending: bool,
    is_proceeding: bool,
    request: String,
    interval: Duration,
    next: Instant,
}

/// Read the call's number from the Call-ID of an answer.
pub fn number_of(message: &str) -> Option<usize> {
    header(message, "Call-ID")?.split('@').next()?.strip_prefix("call-")?.parse().ok()
}

impl Call {
    /// Send the INVITE.
    pub fn place(
        number: usize,
        local: u16,
        content_type: &str,
        body: &str,
        socket: &UdpSocket,
    ) -> Self {
        let now = Instant::now();
        let mut call = Self {
            outcome: Outcome::Unanswered,
            media_ports: Vec::new(),
            retransmitted: 0,
            number,
            local,
            placed: now,
            answered: None,
            to: "<sip:srs@127.0.0.1>".to_owned(),
            target: "sip:srs@127.0.0.1".to_owned(),
            is_ending: false,
            is_proceeding: false,
            request: String::new(),
            interval: T1,
            next: now + T1,
        };
        let added = format!(
            "Contact: <sip:src@127.0.0.1:{local}>;+sip.src\r\nRequire: siprec\r\n\
             Supported: timer, replaces\r\nAllow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE\r\n\
             User-Agent: sipgen\r\nContent-Type: {content_type}\r\n"
        );
        call.request = call.request_of("INVITE", 1, "i", &added, body);
        let _ = socket.send(call.request.as_bytes());
        call
    }

    /// Whether nothing more is to come.
    pub fn is_over(&self) -> bool {
        matches!(self.outcome, Outcome::Ended | Outcome::Refused | Outcome::Failed)
    }

    /// Whether the INVITE has its final answer.
    pub fn is_decided(&self) -> bool {
        self.outcome != Outcome::Unanswered
    }

    /// Time from the first INVITE to the 2xx.
    pub fn answered_after_ms(&self) -> Option<f64> {
        Some((self.answered? - self.placed).as_secs_f64() * 1000.0)
    }

    /// Take an answer. A repeated 2xx gets its ACK again.
    pub fn receive(&mut self, message: &str, now: Instant, socket: &UdpSocket) {
        let status: u16 =
            message.split(' ').nth(1).and_then(|text| text.parse().ok()).unwrap_or_default();
        let is_invite = header(message, "CSeq").is_some_and(|value| value.ends_with("INVITE"));
        match (is_invite, status) {
            (_, 0) => (),
            (true, 100..=199) => self.is_proceeding = true,
            (true, 200..=299) => self.accept(message, now, socket),
            (true, _) => self.refuse(message, status, socket),
            (false, 100..=199) => (),
            (false, 200..=299) => self.outcome = Outcome::Ended,
            (false, _) => self.outcome = Outcome::Failed,
        }
    }

    /// Send again what has no answer; end the call when its time is over.
    pub fn tick(&mut self, now: Instant, hold: Option<Duration>, socket: &UdpSocket) {
        if let (Some(answered), Some(hold), false) = (self.answered, hold, self.is_ending) {
            if now >= answered + hold {
                self.is_ending = true;
                self.request = self.request_of("BYE", 2, "b", "", "");
                self.interval = T1;
                self.next = now + T1;
                let _ = socket.send(self.request.as_bytes());
            }
        }
        let is_waiting = self.is_ending || (!self.is_decided() && !self.is_proceeding);
        if is_waiting && now >= self.next {
            self.interval = (self.interval * 2).min(T2);
            self.next = now + self.interval;
            self.retransmitted += 1;
            let _ = socket.send(self.request.as_bytes());
        }
    }

    fn accept(&mut self, message: &str, now: Instant, socket: &UdpSocket) {
        if self.answered.is_none() {
            self.answered = Some(now);
            self.outcome = Outcome::Answered;
            self.to = header(message, "To").unwrap_or_default().to_owned();
            let contact = header(message, "Contact").unwrap_or_default();
            let uri = contact.split(['<', '>']).nth(1).unwrap_or(&self.target);
            self.target = uri.to_owned();
            self.media_ports = message.lines().filter_map(media_port).collect();
        }
        let ack = self.request_of("ACK", 1, "a", "", "");
        let _ = socket.send(ack.as_bytes());
    }

    /// Acknowledge a refusal, on the INVITE's own branch.
    fn refuse(&mut self, message: &str, status: u16, socket: &UdpSocket) {
        self.outcome = if status == 503 { Outcome::Refused } else { Outcome::Failed };
        self.to = header(message, "To").unwrap_or_default().to_owned();
        let ack = self.request_of("ACK", 1, "i", "", "");
        let _ = socket.send(ack.as_bytes());
    }

    fn request_of(&self, method: &str, cseq: u8, branch: &str, added: &str, body: &str) -> String {
        let Self { number, local, to, target, .. } = self;
        format!(
            "{method} {target} SIP/2.0\r\n\
             Via: SIP/2.0/UDP 127.0.0.1:{local};branch=z9hG4bK{branch}{local}x{number};rport\r\n\
             Max-Forwards: 70\r\n\
             From: \"Bench\" <sip:1001@pbx.example.com>;tag=f{number}\r\n\
             To: {to}\r\n\
             Call-ID: call-{number}@{local}.bench.example.com\r\n\
             CSeq: {cseq} {method}\r\n{added}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }
}

fn header<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    let value = |line: &'a str| line.strip_prefix(name)?.strip_prefix(": ");
    message.lines().take_while(|line| !line.is_empty()).find_map(value).map(str::trim)
}

fn media_port(line: &str) -> Option<u16> {
    line.strip_prefix("m=audio ")?.split(' ').next()?.parse().ok()
}
