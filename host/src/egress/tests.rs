//! The way out on real sockets.

use std::{net::SocketAddr, time::Duration};

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use tokio::{io::AsyncWriteExt, time::Instant};

use super::{testing::*, *};

async fn fetch(egress: &Egress, url: &str, limits: &Limits) -> Result<Vec<u8>, Error> {
    let mut body = BytesMut::new();
    egress.fetch(url, limits, &mut body).await.map(|fetched| {
        assert_eq!(fetched.bytes, body.len() as u64);
        body.to_vec()
    })
}

/// An egress that reaches loopback under any name in `names`.
fn resolving(allow: &[&str], names: &[(&str, &[&[&str]])]) -> Egress {
    Egress::with_lookup(&config(allow), Names::new(names)).unwrap()
}

#[tokio::test]
async fn a_picture_is_fetched_with_what_the_server_calls_it() {
    let server = serve(|head, mut socket| async move {
        assert!(head.starts_with("GET /a%20b?c=d HTTP/1.1\r\n"), "{head}");
        let lower = head.to_lowercase();
        assert!(lower.contains("user-agent: safelight/test\r\n"), "{head}");
        assert!(lower.contains("accept-encoding: identity\r\n"), "{head}");
        assert!(!lower.contains("referer"), "{head}");
        socket
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
            .await
            .unwrap();
    })
    .await;
    let egress = egress(&["127.0.0.1"]);
    let mut body = BytesMut::new();
    let url = format!("http://{server}/a b?c=d#fragment");
    let fetched = egress.fetch(&url, &limits(), &mut body).await.unwrap();
    assert_eq!(&body[..], b"abcde");
    assert_eq!(fetched.content_type.as_deref(), Some("image/png"));
    assert_eq!(fetched.bytes, 5);
}

#[tokio::test]
async fn literals_are_refused_in_every_spelling() {
    let server = serve_bytes(ok(b"secret")).await;
    let port = server.port();
    let egress = egress(&[]);
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "017700000001",
        "127.0.0.1.",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::1]",
        "[::]",
        "0.0.0.0",
        "0",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "169.254.169.254",
        "[fd00:ec2::254]",
        "100.100.100.200",
        "10.1.2.3",
        "１２７.0.0.1",
        "127。0。0。1",
        "%31%32%37.0.0.1",
    ] {
        let error = fetch(&egress, &format!("http://{host}:{port}/"), &limits()).await.unwrap_err();
        assert!(matches!(error, Error::AddressRefused { .. }), "{host}: {error:?}");
        let url = format!("http://{host}:{port}/");
        let error = egress.post(&url, HeaderMap::new(), Bytes::new(), Duration::from_secs(5), 10).await.unwrap_err();
        assert!(matches!(error, Error::AddressRefused { .. }), "{host}: {error:?}");
        let error = egress.check(&url).await.unwrap_err();
        assert!(matches!(error, Error::AddressRefused { .. }), "{host}: {error:?}");
    }
}

#[tokio::test]
async fn names_of_private_addresses_are_refused() {
    let server = serve_bytes(ok(b"secret")).await;
    let egress = resolving(
        &[],
        &[
            ("inside.test", &[&["127.0.0.1"]]),
            ("metadata.test", &[&["169.254.169.254"]]),
            ("mapped.test", &[&["::ffff:10.0.0.1"]]),
            ("several.test", &[&["10.0.0.1", "::1", "192.168.0.1"]]),
            ("empty.test", &[&[]]),
        ],
    );
    for name in ["inside", "metadata", "mapped", "several"] {
        let url = format!("http://{name}.test:{}/", server.port());
        let error = fetch(&egress, &url, &limits()).await.unwrap_err();
        assert!(matches!(&error, Error::AddressRefused { host, .. } if host == &format!("{name}.test")), "{error:?}");
        assert!(matches!(egress.check(&url).await, Err(Error::AddressRefused { .. })));
    }
    for name in ["empty", "unknown"] {
        let error = fetch(&egress, &format!("http://{name}.test/"), &limits()).await.unwrap_err();
        assert!(matches!(&error, Error::Unresolved { host, .. } if host == &format!("{name}.test")), "{error:?}");
    }
    assert_eq!(
        fetch(&self::egress(&[]), &format!("http://localhost:{}/", server.port()), &limits()).await.unwrap_err(),
        Error::AddressRefused {
            host: "localhost".to_owned(),
            address: tokio::net::lookup_host("localhost:1").await.unwrap().next().unwrap().ip()
        }
    );
}

#[tokio::test]
async fn of_several_addresses_only_permitted_ones_are_used() {
    let server = serve_bytes(ok(b"here")).await;
    // The second address is permitted; 127.0.0.2 would reach the server's port as well, were it bound.
    let egress = resolving(&["127.0.0.1"], &[("two.test", &[&["127.0.0.2", "127.0.0.1"]])]);
    let body = fetch(&egress, &format!("http://two.test:{}/", server.port()), &limits()).await.unwrap();
    assert_eq!(body, b"here");
}

#[tokio::test]
async fn a_name_that_changes_its_address_gains_nothing() {
    let server = serve_bytes(ok(b"secret")).await;
    // The first answer passes a check made ahead, the second one is what a connection would use.
    let egress = resolving(&[], &[("rebind.test", &[&["8.8.8.8"], &["127.0.0.1"]])]);
    let url = format!("http://rebind.test:{}/", server.port());
    egress.check(&url).await.unwrap();
    let error = fetch(&egress, &url, &limits()).await.unwrap_err();
    assert!(matches!(error, Error::AddressRefused { .. }), "{error:?}");
}

#[tokio::test]
async fn an_entry_with_a_port_opens_no_other() {
    let (open, shut) = (serve_bytes(ok(b"open")).await, serve_bytes(ok(b"shut")).await);
    let names: &[(&str, &[&[&str]])] = &[("a.test", &[&["127.0.0.1"]])];
    for entry in [format!("a.test:{}", open.port()), format!("127.0.0.0/8:{}", open.port())] {
        let egress = resolving(&[&entry], names);
        let body = fetch(&egress, &format!("http://a.test:{}/", open.port()), &limits()).await.unwrap();
        assert_eq!(body, b"open");
        let error = fetch(&egress, &format!("http://a.test:{}/", shut.port()), &limits()).await.unwrap_err();
        assert!(matches!(error, Error::AddressRefused { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn redirects_are_followed_and_checked_again() {
    let last = serve_bytes(ok(b"there")).await;
    let server = serve(move |head, mut socket| async move {
        let answer = match head.split(' ').nth(1).unwrap() {
            "/relative/a" => redirect("b?x=1"),
            "/relative/b?x=1" => redirect(&format!("http://a.test:{}/", last.port())),
            "/literal" => redirect(&format!("http://127.0.0.2:{}/", last.port())),
            "/metadata" => redirect("http://169.254.169.254/latest/"),
            "/decimal" => redirect("//2852039166/"),
            "/name" => redirect("http://inside.test/"),
            "/file" => redirect("file:///etc/passwd"),
            "/gopher" => redirect("gopher://a.test/"),
            "/broken" => redirect("http://[::1"),
            "/nowhere" => b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n".to_vec(),
            "/loop" => redirect("/loop"),
            _ => redirect("/ping"),
        };
        let _ = socket.write_all(&answer).await;
    })
    .await;
    let egress = resolving(&["127.0.0.1"], &[("a.test", &[&["127.0.0.1"]]), ("inside.test", &[&["10.0.0.1"]])]);
    let get = |path: &str| {
        let (egress, url) = (egress.clone(), format!("http://a.test:{}{path}", server.port()));
        async move { fetch(&egress, &url, &limits()).await }
    };
    assert_eq!(get("/relative/a").await.unwrap(), b"there");
    for path in ["/literal", "/metadata", "/decimal", "/name"] {
        let error = get(path).await.unwrap_err();
        assert!(matches!(error, Error::AddressRefused { .. }), "{path}: {error:?}");
    }
    for path in ["/file", "/gopher", "/broken", "/nowhere"] {
        let error = get(path).await.unwrap_err();
        assert!(matches!(error, Error::BadRedirect { .. }), "{path}: {error:?}");
    }
    for path in ["/loop", "/other"] {
        assert_eq!(get(path).await.unwrap_err(), Error::TooManyRedirects { limit: 3 }, "{path}");
    }
}

#[tokio::test]
async fn credentials_stay_at_their_own_host() {
    let authorization = |head: &str| head.to_lowercase().contains("authorization");
    let other = serve(move |head, mut socket| async move {
        let _ = socket.write_all(&ok(if authorization(&head) { b"leaked" } else { b"none" })).await;
    })
    .await;
    let server = serve(move |head, mut socket| async move {
        let answer = match authorization(&head) {
            true => redirect(&format!("http://{other}/")),
            false => ok(b"no credentials"),
        };
        let _ = socket.write_all(&answer).await;
    })
    .await;
    let egress = egress(&["127.0.0.1"]);
    assert_eq!(fetch(&egress, &format!("http://user:pass@{server}/"), &limits()).await.unwrap(), b"none");
}

#[tokio::test]
async fn authorization_goes_to_its_own_origin_alone() {
    let says = |head: &str| if head.to_lowercase().contains("authorization: bearer x\r\n") { "shown" } else { "none" };
    let other = serve(move |head, mut socket| async move {
        let _ = socket.write_all(&ok(says(&head).as_bytes())).await;
    })
    .await;
    let server = serve(move |head, mut socket| async move {
        let answer = match head.split(' ').nth(1).unwrap() {
            "/other" => redirect(&format!("http://{other}/")),
            "/own" => redirect("/here"),
            _ => ok(says(&head).as_bytes()),
        };
        let _ = socket.write_all(&answer).await;
    })
    .await;
    let egress = egress(&["127.0.0.1"]);
    for (path, expected) in [("here", "shown"), ("own", "shown"), ("other", "none")] {
        let authorization = Some("Bearer x".parse().unwrap());
        let request = Request { authorization, ..Request::get(format!("http://{server}/{path}")) };
        let mut body = BytesMut::new();
        egress.exchange(request, &limits()).await.unwrap().read(&mut body).await.unwrap();
        assert_eq!(&body[..], expected.as_bytes(), "{path}");
    }
}

#[test]
fn a_secure_request_is_not_sent_on_to_plain_http() {
    let next = |from: &str, to: &str, stay_secure: bool| {
        let headers = HeaderMap::from_iter([(http::header::LOCATION, to.parse().unwrap())]);
        super::client::redirected(&from.parse().unwrap(), &headers, stay_secure).map(|url| url.to_string())
    };
    let (secure, plain) = ("https://a.example/x", "http://b.example/y");
    assert!(next(secure, plain, true).unwrap_err().contains("plain http"));
    assert_eq!(next(secure, plain, false).as_deref(), Ok(plain));
    assert_eq!(next(plain, "http://a.example/z", true).as_deref(), Ok("http://a.example/z"));
    assert_eq!(next(secure, "//b.example/y", true).as_deref(), Ok("https://b.example/y"));
}

#[tokio::test]
async fn only_what_is_read_follows_redirects() {
    let server = serve_bytes(redirect("/elsewhere")).await;
    let egress = egress(&["127.0.0.1"]);
    let sent = |method: http::Method| {
        let request = Request { method, ..Request::get(format!("http://{server}/")) };
        let egress = egress.clone();
        async move { egress.exchange(request, &limits()).await.map(|reply| reply.status().as_u16()) }
    };
    for method in [http::Method::PUT, http::Method::POST] {
        assert_eq!(sent(method).await, Ok(302));
    }
    assert_eq!(sent(http::Method::HEAD).await, Err(Error::TooManyRedirects { limit: 3 }));
}

#[tokio::test]
async fn bodies_are_cut_by_bytes_and_time() {
    let egress = egress(&["127.0.0.1"]);
    let announced = serve_bytes(&b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\nx"[..]).await;
    let endless = serve(|_, mut socket| async move {
        let _ = socket.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        while socket.write_all(&[b'x'; 65536]).await.is_ok() {}
    })
    .await;
    for server in [announced, endless] {
        let error = fetch(&egress, &format!("http://{server}/"), &limits()).await.unwrap_err();
        assert_eq!(error, Error::TooLarge { limit: 1 << 20 });
    }
    let exact = serve_bytes(ok(&[7; 1000])).await;
    let limits_of = |max_bytes| Limits { max_bytes, ..limits() };
    assert_eq!(fetch(&egress, &format!("http://{exact}/"), &limits_of(1000)).await.unwrap().len(), 1000);
    let error = fetch(&egress, &format!("http://{exact}/"), &limits_of(999)).await.unwrap_err();
    assert_eq!(error, Error::TooLarge { limit: 999 });

    let short = Limits { total_timeout: Duration::from_millis(300), ..limits() };
    let drip = |head: &'static [u8]| {
        serve(move |_, mut socket| async move {
            let _ = socket.write_all(head).await;
            while socket.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
    };
    let silent = serve(|_, socket| async move {
        tokio::time::sleep(Duration::from_secs(60)).await;
        drop(socket);
    })
    .await;
    for server in [drip(b"HTTP/1.1 200 OK\r\n\r\n").await, drip(b"HTTP/1.1 200 OK\r\nX-Long: ").await, silent] {
        let begun = Instant::now();
        let error = fetch(&egress, &format!("http://{server}/"), &short).await.unwrap_err();
        assert_eq!(error, Error::Timeout { host: "127.0.0.1".to_owned(), limit_ms: 300 });
        assert!(begun.elapsed() < Duration::from_secs(5));
    }
}

#[tokio::test]
async fn damaged_answers_are_told_from_refusals() {
    let egress = egress(&["127.0.0.1"]);
    for answer in [
        &b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"[..],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc",
        b"SSH-2.0-OpenSSH\r\n",
        b"",
    ] {
        let server = serve_bytes(answer).await;
        let error = fetch(&egress, &format!("http://{server}/"), &limits()).await.unwrap_err();
        assert!(matches!(error, Error::Broken { .. }), "{answer:?}: {error:?}");
    }
    for status in [304, 400, 404, 410, 500, 503] {
        let server = serve_bytes(format!("HTTP/1.1 {status} X\r\nContent-Length: 1\r\n\r\nx")).await;
        let error = fetch(&egress, &format!("http://{server}/"), &limits()).await.unwrap_err();
        let expected = Error::Status { host: "127.0.0.1".to_owned(), status };
        assert_eq!(error, expected);
    }
    let plain = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", plain.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut socket, _) = plain.accept().await.unwrap();
        socket.write_all(b"220 no handshake here\r\n").await.unwrap();
    });
    let error = fetch(&egress, &url, &limits()).await.unwrap_err();
    assert!(matches!(error, Error::Tls { .. }), "{error:?}");
    let closed: SocketAddr = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = fetch(&egress, &format!("http://{closed}/"), &limits()).await.unwrap_err();
    assert!(matches!(error, Error::Connect { .. }), "{error:?}");
}

#[tokio::test]
async fn urls_that_cannot_be_requested_are_refused() {
    let egress = egress(&[]);
    let long = format!("http://example.com/{}", "x".repeat(9000));
    for url in [
        "",
        "nothing",
        "/path",
        "ftp://example.com/",
        "file:///etc/passwd",
        "data:,x",
        "http://",
        "http://a b/",
        "http://x:0/",
        "http://x:65536/",
        "javascript:alert(1)",
        &long,
    ] {
        let error = fetch(&egress, url, &limits()).await.unwrap_err();
        assert!(matches!(error, Error::BadUrl { .. }), "{url}: {error:?}");
    }
}

#[tokio::test]
async fn compressed_bytes_stay_compressed() {
    let gzip = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x4b, 4, 0, 0x43, 0xbe, 0xb7, 0xe8, 1, 0, 0, 0];
    let mut answer =
        format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", gzip.len()).into_bytes();
    answer.extend_from_slice(&gzip);
    let server = serve_bytes(answer).await;
    assert_eq!(fetch(&egress(&["127.0.0.1"]), &format!("http://{server}/"), &limits()).await.unwrap(), gzip);
}

#[tokio::test]
async fn a_post_reads_a_bounded_answer_and_follows_nothing() {
    let egress = egress(&["127.0.0.1"]);
    let post = |server: SocketAddr, time: u64| {
        let egress = egress.clone();
        async move {
            let mut headers = HeaderMap::new();
            headers.insert("x-test", "1".parse().unwrap());
            let body = Bytes::from_static(b"hello");
            egress.post(&format!("http://{server}/p"), headers, body, Duration::from_millis(time), 10).await
        }
    };
    let moved = serve_bytes(redirect("http://127.0.0.1:1/")).await;
    assert_eq!(post(moved, 5000).await.unwrap().status, 302);

    let busy = serve_bytes(&b"HTTP/1.1 503 X\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nbusy"[..]).await;
    let expected = Answer { status: 503, retry_after: Some("7".to_owned()), body_start: Bytes::from_static(b"busy") };
    assert_eq!(post(busy, 5000).await.unwrap(), expected);

    let endless = serve(|head, mut socket| async move {
        assert!(head.starts_with("POST /p ") && head.contains("x-test: 1") && head.contains("content-length: 5"));
        let _ = socket.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        while socket.write_all(&[b'x'; 65536]).await.is_ok() {}
    })
    .await;
    assert_eq!(post(endless, 5000).await.unwrap().body_start, &b"xxxxxxxxxx"[..]);

    // The receiver has decided once its status is there.
    let unending = serve(|_, mut socket| async move {
        let _ = socket.write_all(b"HTTP/1.1 201 X\r\nContent-Length: 5\r\n\r\nab").await;
        tokio::time::sleep(Duration::from_secs(60)).await;
    })
    .await;
    let answer = post(unending, 200).await.unwrap();
    assert_eq!((answer.status, &answer.body_start[..]), (201, &b"ab"[..]));

    let silent = serve(|_, socket| async move {
        tokio::time::sleep(Duration::from_secs(60)).await;
        drop(socket);
    })
    .await;
    let error = post(silent, 200).await.unwrap_err();
    assert_eq!(error, Error::Timeout { host: "127.0.0.1".to_owned(), limit_ms: 200 });
}

#[test]
fn unusable_settings_are_named() {
    let mut config = config(&[]);
    config.user_agent = "a\nb".to_owned();
    let error = Egress::new(&config).err().unwrap().to_string();
    assert!(error.contains("egress.user_agent"), "{error}");
}
