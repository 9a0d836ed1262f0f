//! A TCP proxy that cuts what goes through it, with or without a word.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// What the connections of a proxy go by.
#[derive(Clone, Copy)]
struct Way {
    is_cut: bool,
    /// Connections that were made before another number stood here are dead.
    generation: u32,
    /// The dead ones are told so; otherwise both ends hear nothing more.
    is_told: bool,
}

/// What becomes of a connection that is broken at a certain message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lose {
    /// The message does not arrive.
    Request,
    /// The message arrives, what is said to it does not.
    Answer,
}

/// A message at which the connection breaks: the first with `at` after one with `after`, from the client.
struct Trap {
    after: Vec<u8>,
    at: Vec<u8>,
    lose: Lose,
}

struct Inner {
    to: String,
    way: watch::Sender<Way>,
    trap: Mutex<Option<Trap>>,
}

/// The proxy. It ends with the test's runtime.
pub(crate) struct Proxy {
    address: SocketAddr,
    inner: Arc<Inner>,
}

impl Proxy {
    /// One that leads to an address, `host:port`.
    pub(crate) async fn start(to: impl Into<String>) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let way = watch::Sender::new(Way { is_cut: false, generation: 0, is_told: false });
        let inner = Arc::new(Inner { to: to.into(), way, trap: Mutex::default() });
        tokio::spawn({
            let inner = inner.clone();
            async move {
                loop {
                    if let Ok((client, _)) = listener.accept().await {
                        tokio::spawn(serve(inner.clone(), client));
                    }
                }
            }
        });
        Proxy { address, inner }
    }

    /// `127.0.0.1:PORT`
    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }

    /// From now on nothing goes through, and nobody is told: not new connections, which hang until the cut is over,
    /// nor those of before, which stay silent even then.
    pub(crate) fn freeze(&self) {
        self.cut(false);
    }

    /// From now on nothing goes through; connections of before end at once, new ones hang until the cut is over.
    pub(crate) fn reset(&self) {
        self.cut(true);
    }

    fn cut(&self, is_told: bool) {
        self.inner.way.send_modify(|way| *way = Way { is_cut: true, generation: way.generation + 1, is_told });
    }

    /// The cut is over.
    pub(crate) fn heal(&self) {
        self.inner.way.send_modify(|way| way.is_cut = false);
    }

    /// Breaks one connection, once: at the client's first message that holds `at` after one that held `after`.
    pub(crate) fn lose(&self, lose: Lose, after: &str, at: &str) {
        *self.inner.trap.lock().unwrap() = Some(Trap { after: after.into(), at: at.into(), lose });
    }

    /// Whether the connection that was to be broken is.
    pub(crate) fn has_lost(&self) -> bool {
        self.inner.trap.lock().unwrap().is_none()
    }
}

async fn serve(inner: Arc<Inner>, mut client: TcpStream) {
    let mut way = inner.way.subscribe();
    // The sender lives as long as this task.
    let Ok(now) = way.wait_for(|way| !way.is_cut).await.map(|way| *way) else { return };
    let Ok(mut server) = TcpStream::connect(&inner.to).await else { return };
    let is_told = tokio::select! {
        _ = pass(&inner, &mut client, &mut server) => return,
        cut = way.wait_for(|way| way.generation != now.generation) => cut.is_ok_and(|way| way.is_told),
    };
    if !is_told {
        // Neither end is closed.
        std::future::pending::<()>().await;
    }
}

/// Passes on what comes, both ways, until one end closes.
async fn pass(inner: &Inner, client: &mut TcpStream, server: &mut TcpStream) -> io::Result<()> {
    let (mut up, mut down) = (vec![0; 65536], vec![0; 65536]);
    let mut is_marked = false;
    loop {
        tokio::select! {
            read = client.read(&mut up) => {
                let message = &up[..read?];
                if message.is_empty() {
                    return Ok(());
                }
                match inner.spring(message, &mut is_marked) {
                    None => server.write_all(message).await?,
                    Some(Lose::Request) => return Ok(()),
                    Some(Lose::Answer) => {
                        server.write_all(message).await?;
                        // What was asked for is done once there is an answer.
                        server.readable().await?;
                        return Ok(());
                    }
                }
            }
            read = server.read(&mut down) => {
                let length = read?;
                if length == 0 {
                    return Ok(());
                }
                client.write_all(&down[..length]).await?;
            }
        }
    }
}

impl Inner {
    /// Whether the connection breaks at this message; then no other one does.
    fn spring(&self, message: &[u8], is_marked: &mut bool) -> Option<Lose> {
        let mut trap = self.trap.lock().unwrap();
        let set = trap.as_ref()?;
        let holds = |wanted: &[u8]| message.windows(wanted.len()).any(|window| window == wanted);
        if *is_marked && holds(&set.at) {
            return trap.take().map(|trap| trap.lose);
        }
        *is_marked |= holds(&set.after);
        None
    }
}
