//! A valid component of a world that has nothing to do with ours. The host must refuse to load it.

#![cfg(target_arch = "wasm32")]

wit_bindgen::generate!({
    inline: "
        package other:greeting;

        world greeter {
            export greet: func() -> string;
        }
    ",
});

struct Greeter;

impl Guest for Greeter {
    fn greet() -> String {
        "hello".to_owned()
    }
}

export!(Greeter);
