"use strict";

const { assert, failure, later } = require("../harness.cjs");

const unexpected = (method) => `An unexpected error occurred invoking '${method}' on the server.`;

module.exports = [
  {
    name: "a call returns its result",
    async run(bench) {
      const connection = await bench.open();
      assert.equal(await connection.invoke("Add", 20, 22), 42);
    },
  },
  {
    name: "the names of methods ignore case",
    async run(bench) {
      const connection = await bench.open();
      assert.equal(await connection.invoke("aDD", 1, 2), 3);
    },
  },
  {
    name: "a call without a result resolves to nothing",
    async run(bench) {
      const connection = await bench.open();
      const result = await connection.invoke("Nothing");
      assert.ok(result === undefined || result === null, `got ${result}`);
    },
  },
  {
    name: "a call that wants no answer reaches its method",
    async run(bench) {
      const connection = await bench.open();
      const heard = later();
      connection.on("Heard", heard.resolve);
      await connection.send("Say", "hello");
      assert.equal(await heard.promise, "hello");
    },
  },
  {
    name: "many calls at once each get their own answer",
    async run(bench) {
      const connection = await bench.open();
      const sums = await Promise.all(Array.from({ length: 50 }, (_, index) => connection.invoke("Add", index, 1)));
      assert.deepEqual(sums, Array.from({ length: 50 }, (_, index) => index + 1));
    },
  },
  {
    name: "the server calls all handlers of a target with all arguments",
    async run(bench) {
      const connection = await bench.open();
      const heard = [];
      const done = later();
      connection.on("Three", (...values) => heard.push(values));
      connection.on("Three", (...values) => {
        heard.push(values);
        done.resolve();
      });
      await connection.invoke("CallMe", "Three", [1, "two", null]);
      await done.promise;
      assert.deepEqual(heard, [[1, "two", null], [1, "two", null]]);
    },
  },
  {
    name: "messages to a group reach its members only, and no more after leaving",
    async run(bench) {
      const group = `g${Math.random()}`;
      const [member, stranger] = [await bench.open(), await bench.open()];
      const heard = { member: [], stranger: [] };
      const second = later();
      member.on("News", (text) => heard.member.push(text));
      stranger.on("News", (text) => {
        heard.stranger.push(text);
        if (text === "two") second.resolve();
      });
      await member.invoke("Join", group);
      await member.invoke("Tell", group, "one");
      await member.invoke("Leave", group);
      await stranger.invoke("Join", group);
      await member.invoke("Tell", group, "two");
      await second.promise;
      await member.invoke("Nothing");
      assert.deepEqual(heard, { member: ["one"], stranger: ["two"] });
    },
  },
  {
    name: "others and a single client are reached, the caller is left out",
    async run(bench) {
      const [left, right] = [await bench.open(), await bench.open()];
      const word = `w${Math.random()}`;
      const [whispered, shouted] = [later(), later()];
      left.on("Shout", (text) => text === word && shouted.reject(new Error("the caller heard it")));
      right.on("Whisper", whispered.resolve);
      right.on("Shout", (text) => text === word && shouted.resolve());
      await left.invoke("Whisper", right.connectionId, "psst");
      await left.invoke("Shout", word);
      assert.equal(await whispered.promise, "psst");
      await shouted.promise;
      await left.invoke("Nothing");
    },
  },
  {
    name: "the client knows the connection's public id",
    async run(bench) {
      const connection = await bench.open();
      assert.equal(connection.connectionId, await connection.invoke("ConnectionId"));
    },
  },
  {
    name: "an exception meant for the client shows its text",
    async run(bench) {
      const connection = await bench.open();
      assert.equal(await failure(connection.invoke("Refuse", "not today")), `${unexpected("Refuse")} HubException: not today`);
    },
  },
  {
    name: "any other exception hides its text",
    async run(bench) {
      const connection = await bench.open();
      assert.equal(await failure(connection.invoke("Break", "the password is 1234")), unexpected("Break"));
      assert.equal(await connection.invoke("Add", 1, 1), 2);
    },
  },
  {
    name: "detailed errors show the text of any exception",
    async run(bench) {
      const connection = await bench.open("/hubs/detailed");
      assert.match(await failure(connection.invoke("Break", "why")), /^An unexpected error occurred invoking 'Break' on the server\. \w+: why$/);
    },
  },
  {
    name: "an unknown method is named",
    async run(bench) {
      const connection = await bench.open();
      const text = await failure(connection.invoke("Missing"));
      assert.equal(text, "Unknown hub method 'Missing'");
      // Neither the life cycle nor private helpers are methods.
      assert.equal(await failure(connection.invoke("on_connected")), "Unknown hub method 'on_connected'");
    },
  },
  {
    name: "arguments of a wrong type or number are refused and the connection lives on",
    async run(bench) {
      const connection = await bench.open();
      assert.match(await failure(connection.invoke("Add", "one", 2)), /^Failed to invoke 'Add' due to an error on the server\./);
      assert.match(await failure(connection.invoke("Add", 1)), /^Failed to invoke 'Add' due to an error on the server\./);
      assert.match(await failure(connection.invoke("Add", 1, 2, 3)), /^Failed to invoke 'Add' due to an error on the server\./);
      assert.equal(await connection.invoke("Add", 1, 2), 3);
    },
  },
  {
    name: "a call of the wrong kind is told so",
    async run(bench) {
      const connection = await bench.open();
      assert.equal(
        await failure(connection.invoke("Count", 3)),
        "The client attempted to invoke the streaming 'Count' method with a non-streaming invocation.",
      );
      assert.equal(
        await failure(new Promise((complete, error) => connection.stream("Add", 1, 2).subscribe({ next() {}, complete, error }))),
        "The client attempted to invoke the non-streaming 'Add' method with a streaming invocation.",
      );
    },
  },
  {
    name: "the server awaits the client's result",
    async run(bench) {
      const connection = await bench.open();
      connection.on("Question", async (text) => `${text}: 42`);
      assert.equal(await connection.invoke("Ask", "the answer"), "the answer: 42");
    },
  },
  {
    name: "an error of the client's handler reaches the server",
    async run(bench) {
      const connection = await bench.open();
      connection.on("Question", () => {
        throw new Error("no idea");
      });
      assert.equal(await connection.invoke("Ask", "?"), "error: Error: no idea");
    },
  },
  {
    name: "a client without a handler, or without a result, says so",
    async run(bench) {
      const connection = await bench.open();
      assert.equal(await connection.invoke("Ask", "?"), "error: Client didn't provide a result.");
      connection.on("Question", () => {});
      assert.equal(await connection.invoke("Ask", "?"), "error: Client didn't provide a result.");
    },
  },
  {
    name: "a method may be called while another waits for the client",
    async run(bench) {
      for (const path of ["/hubs/parallel", "/hubs/open"]) {
        const connection = await bench.open(path);
        connection.on("Question", () => connection.invoke("Add", 40, 2));
        assert.equal(await connection.invoke("Ask", "?"), "42");
      }
    },
  },
  {
    name: "nothing vanishes of what is sent while a method waits for the client",
    async run(bench) {
      const connection = await bench.open();
      const key = `while-asked-${connection.connectionId}`;
      connection.on("Question", async () => {
        const sends = [];
        for (let number = 0; number < 150; number++) sends.push(connection.send("Save", key, number, 0));
        await Promise.all(sends);
        return "asked";
      });
      assert.equal(await connection.invoke("Ask", "?"), "asked");
      const saved = await bench.until("saved", { key }, (numbers) => numbers.length >= 150);
      // Each send is a request of its own without WebSockets: only there is their order kept.
      saved.sort((left, right) => left - right);
      assert.deepEqual(saved, [...Array(150).keys()]);
    },
  },
  {
    name: "an error of the client that the method does not catch is told to the caller",
    async run(bench) {
      const connection = await bench.open();
      connection.on("Question", () => {
        throw new Error("no idea");
      });
      assert.match(await failure(connection.invoke("AskPlainly", "?")), /HubException: Error: no idea/);
    },
  },
];
