use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use super::room::Room;

#[tokio::test]
async fn requests_at_the_same_time_share_one_making() {
    let room = Arc::new(Room::new().await);
    room.maker.slow_ms.store(50, Ordering::SeqCst);
    let asked: Vec<_> = (0..30)
        .map(|_| {
            let room = room.clone();
            tokio::spawn(async move { room.get("/demo/image/upload/w_10/sample.jpg").await.status })
        })
        .collect();
    for asked in asked {
        assert_eq!(asked.await.unwrap(), 200);
    }
    assert_eq!(room.maker.made.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn waiting_is_bounded() {
    let room = Room::with(false, |config| config.wait_s = 1).await;
    room.maker.slow_ms.store(1500, Ordering::SeqCst);
    let path = "/demo/image/upload/w_10/sample.jpg";
    let early = room.get(path).await;
    assert_eq!(early.refused(), (423, "sample is still being made, try again"));
    assert_eq!(early.header("retry-after"), "1");
    // It goes on meanwhile.
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(room.get(path).await.status, 200);
    assert_eq!(room.maker.made.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn too_much_at_once_is_refused() {
    let room = Arc::new(Room::with(false, |config| (config.slots, config.waiting) = (1, 1)).await);
    room.maker.slow_ms.store(300, Ordering::SeqCst);
    let asked: Vec<_> = (0..4)
        .map(|width| {
            let room = room.clone();
            let path = format!("/demo/image/upload/w_{}/sample.jpg", 10 + width);
            tokio::spawn(async move { room.get(&path).await.status })
        })
        .collect();
    let mut told = Vec::new();
    for asked in asked {
        told.push(asked.await.unwrap());
    }
    told.sort_unstable();
    assert_eq!(told, [200, 200, 503, 503]);
    // What is there is delivered all the same.
    assert_eq!(room.get("/demo/image/upload/sample.jpg").await.status, 200);
}
