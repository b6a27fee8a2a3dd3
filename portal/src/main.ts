import { mount } from "svelte";
import App from "./App.svelte";
import "./app.css";
import { settings } from "./store/settings.svelte.ts";

settings.apply();
const target = document.getElementById("app");
if (!target) throw new Error("index.html has no #app");
target.replaceChildren();
mount(App, { target });
