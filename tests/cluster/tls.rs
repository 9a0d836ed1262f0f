//! The way to the database is encrypted, and the other end has to show who it is.

use std::{fs, path::Path, process::Command};

use safelight_test_postgres as postgres;

use super::*;

fn openssl(dir: &Path, arguments: &str) {
    let output = Command::new("openssl").args(arguments.split(' ')).current_dir(dir).output().unwrap();
    assert!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Makes an authority, `NAME.crt` and `NAME.key`.
fn authority(dir: &Path, name: &str) {
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(dir, &format!("req -x509 {key} -keyout {name}.key -out {name}.crt -days 2 -subj /CN={name}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_does_not_show_who_it_is_is_refused() {
    let dir = std::env::temp_dir().join(format!("safelight-tls-{}", uuid::Uuid::now_v7()));
    fs::create_dir_all(&dir).unwrap();
    authority(&dir, "ours");
    authority(&dir, "another");
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(&dir, &format!("req {key} -keyout server.key -out server.csr -subj /CN=server"));
    fs::write(dir.join("names"), "subjectAltName=DNS:localhost").unwrap();
    let by = "-CA ours.crt -CAkey ours.key -CAcreateserial -extfile names";
    openssl(&dir, &format!("x509 -req -in server.csr {by} -out server.crt -days 2"));
    let read = |name: &str| fs::read_to_string(dir.join(name)).unwrap();

    let database = postgres::Server::start();
    database.create("media");
    database.secure(&read("server.crt"), &read("server.key"));
    let url = |host: &str, authority: &str| {
        let root = dir.join(format!("{authority}.crt"));
        let url = database.url("media").replace("127.0.0.1", host);
        format!("{url}?sslmode=verify-full&sslrootcert={}", root.display())
    };
    let server = Server::builder().set("store", "url", url("localhost", "ours")).start().await;
    let ended = server.run(&json!({"source": {"canvas": {"width": 4, "height": 4}}})).await;
    assert_eq!(ended["state"], "succeeded", "{ended}");
    let encrypted = "SELECT BOOL_AND(s.ssl), COUNT(*) > 0 FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) \
         WHERE a.application_name = 'safelight'";
    assert_eq!(database.execute("media", encrypted), "t|t");

    for (host, authority) in [("127.0.0.1", "ours"), ("localhost", "another")] {
        let variables =
            [("SAFELIGHT__STORE__URL", url(host, authority)), ("SAFELIGHT__STORE__ACQUIRE_TIMEOUT_S", "1".to_owned())];
        let (code, _, said) = tools::safelight_with(&["migrate"], &dir.join("data"), &variables);
        assert_eq!(code, 1, "{host} by {authority}");
        assert!(said.contains("invalid peer certificate"), "{host} by {authority}: {said}");
    }
    drop(server);
    database.crash();
    fs::remove_dir_all(&dir).unwrap();
}
