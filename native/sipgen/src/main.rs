//! `sipgen PORT CALLS RATE HOLD_MS CONTENT_TYPE < body`: place calls to a SIP server on loopback,
//! `RATE` a second, each ended `HOLD_MS` after its answer. `CALLNUMB` in the body becomes the
//! call's number. Prints one line of JSON when all is over.
//!
//! `HOLD_MS` `keep`: when every call has its final answer, one line of JSON is printed with the
//! media ports of the answers; the calls end when standard output's reader sends SIGUSR1.

mod call;

use std::io::{self, Read, Write};
use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use call::{Call, Outcome};

static IS_RELEASED: AtomicBool = AtomicBool::new(false);
const DATAGRAM_BYTES: usize = 65_536;
const SOCKET_BUFFER_BYTES: libc::c_int = 4 << 20;
/// What is not answered this long after the last call was placed never will be (64 * T1).
const PATIENCE: Duration = Duration::from_secs(33);

struct Plan {
    calls: usize,
    rate: f64,
    /// None: until released.
    hold: Option<Duration>,
    content_type: String,
    body: String,
}

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, port, calls, rate, hold, content_type] = arguments.as_slice() else {
        eprintln!("sipgen PORT CALLS RATE HOLD_MS|keep CONTENT_TYPE < body");
        std::process::exit(2);
    };
    let mut body = String::new();
    io::stdin().read_to_string(&mut body)?;
    let plan = Plan {
        calls: parsed(calls),
        rate: parsed(rate),
        hold: (hold != "keep").then(|| Duration::from_millis(parsed(hold))),
        content_type: content_type.clone(),
        body,
    };
    // SAFETY: the handler does nothing but store an atomic.
    unsafe { libc::signal(libc::SIGUSR1, release as *const () as libc::sighandler_t) };
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    widen(&socket);
    socket.connect(("127.0.0.1", parsed(port)))?;
    socket.set_nonblocking(true)?;
    run(&plan, &socket)
}

extern "C" fn release(_: libc::c_int) {
    IS_RELEASED.store(true, Ordering::Relaxed);
}

fn parsed<T: std::str::FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| {
        eprintln!("not a number: {text}");
        std::process::exit(2);
    })
}

fn widen(socket: &UdpSocket) {
    let value = std::ptr::from_ref(&SOCKET_BUFFER_BYTES).cast();
    let length = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: the option is an int that lives through the call. The kernel may grant less.
    unsafe {
        libc::setsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_RCVBUF, value, length)
    };
}

fn run(plan: &Plan, socket: &UdpSocket) -> io::Result<()> {
    let local = socket.local_addr()?.port();
    let began = Instant::now();
    let mut calls: Vec<Call> = Vec::with_capacity(plan.calls);
    let mut is_told = false;
    let mut buffer = vec![0; DATAGRAM_BYTES];
    loop {
        place_due(plan, &mut calls, began, local, socket);
        receive(&mut calls, &mut buffer, socket);
        let hold =
            if IS_RELEASED.load(Ordering::Relaxed) { Some(Duration::ZERO) } else { plan.hold };
        let now = Instant::now();
        calls
            .iter_mut()
            .filter(|call| !call.is_over())
            .for_each(|call| call.tick(now, hold, socket));
        let are_placed = calls.len() == plan.calls;
        if are_placed && plan.hold.is_none() && !is_told && calls.iter().all(Call::is_decided) {
            is_told = true;
            report(&calls, began)?;
        }
        let is_hopeless = !is_told && began.elapsed() > placing_time(plan) + PATIENCE;
        if are_placed && (calls.iter().all(Call::is_over) || is_hopeless) {
            return report(&calls, began);
        }
        wait(socket);
    }
}

fn placing_time(plan: &Plan) -> Duration {
    Duration::from_secs_f64(plan.calls as f64 / plan.rate) + plan.hold.unwrap_or_default()
}

fn place_due(plan: &Plan, calls: &mut Vec<Call>, began: Instant, local: u16, socket: &UdpSocket) {
    let due = (began.elapsed().as_secs_f64() * plan.rate) as usize + 1;
    while calls.len() < due.min(plan.calls) {
        let body = plan.body.replace("CALLNUMB", &format!("{:08}", calls.len()));
        calls.push(Call::place(calls.len(), local, &plan.content_type, &body, socket));
    }
}

fn receive(calls: &mut [Call], buffer: &mut [u8], socket: &UdpSocket) {
    while let Ok(length) = socket.recv(buffer) {
        let message = String::from_utf8_lossy(&buffer[..length]);
        if let Some(call) = call::number_of(&message).and_then(|number| calls.get_mut(number)) {
            call.receive(&message, Instant::now(), socket);
        }
    }
}

/// Wait for a datagram, a millisecond at most.
fn wait(socket: &UdpSocket) {
    let mut polled = libc::pollfd { fd: socket.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one pollfd that lives through the call.
    unsafe { libc::poll(&mut polled, 1, 1) };
}

fn report(calls: &[Call], began: Instant) -> io::Result<()> {
    let mut waits: Vec<f64> = calls.iter().filter_map(Call::answered_after_ms).collect();
    waits.sort_by(f64::total_cmp);
    let at = |share: f64| match waits.len() {
        0 => 0.0,
        count => waits[((count - 1) as f64 * share).round() as usize],
    };
    let count = |wanted: Outcome| calls.iter().filter(|call| call.outcome == wanted).count();
    let ports: Vec<String> =
        calls.iter().flat_map(|call| &call.media_ports).map(u16::to_string).collect();
    let mut out = io::stdout();
    writeln!(
        out,
        "{{\"answered\": {}, \"ended\": {}, \"refused\": {}, \"failed\": {}, \"retransmitted\": {}, \
         \"p50_ms\": {:.2}, \"p99_ms\": {:.2}, \"max_ms\": {:.2}, \"seconds\": {:.3}, \"ports\": [{}]}}",
        waits.len(),
        count(Outcome::Ended),
        count(Outcome::Refused),
        count(Outcome::Failed) + count(Outcome::Unanswered),
        calls.iter().map(|call| call.retransmitted).sum::<usize>(),
        at(0.5),
        at(0.99),
        at(1.0),
        began.elapsed().as_secs_f64(),
        ports.join(","),
    )?;
    out.flush()
}
