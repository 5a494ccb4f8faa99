"""Steering angle between -1 (full left) and 1 (full right) from a row of distance sensors."""
import torch
from torch import nn

torch.manual_seed(10)
SENSORS = 15


def drive(n):
    bend = torch.empty(n, 1).uniform_(-1.2, 1.2)
    offset = torch.empty(n, 1).uniform_(-1, 1)
    bearing = torch.linspace(-1, 1, SENSORS)
    distance = 2 + bend * bearing * 1.5 - offset * bearing + 0.3 * torch.randn(n, SENSORS)
    angle = torch.tanh(1.1 * bend - 0.9 * offset)
    return (distance - 2) / 0.9, angle


class Driver(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(SENSORS, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 1), nn.Tanh())

    def forward(self, distance):
        return self.net(distance)


class Lesson:
    def __init__(self, driver, lr=2e-3):
        self.driver, self.loss = driver, nn.MSELoss()
        self.optimizer = torch.optim.Adam(driver.parameters(), lr=lr)
        self.exam = drive(600)

    def drill(self):
        distance, angle = drive(48)
        self.optimizer.zero_grad()
        error = self.loss(self.driver(distance), angle)
        error.backward()
        self.optimizer.step()
        return error.item()

    @torch.no_grad()
    def examine(self):
        distance, angle = self.exam
        return self.loss(self.driver(distance), angle).item()


lesson = Lesson(Driver())
print(f"variance of the angle {lesson.exam[1].var().item():.3f}, before: {lesson.examine():.3f}")
for hour in range(5):
    errors = [lesson.drill() for _ in range(60)]
    print(f"hour {hour}: drill {sum(errors) / 60:.4f}, exam {lesson.examine():.4f}")
