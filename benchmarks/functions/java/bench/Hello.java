package bench;

import java.util.Map;

/** The measured function: as small as a function that reads its event and answers can be. */
public class Hello {
    public Map<String, Object> handle(Map<String, Object> event) {
        return Map.of("greeting", "Hello, " + event.get("name"), "token", event.get("token"));
    }
}
